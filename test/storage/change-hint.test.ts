import { expect } from "chai";
import { type ChangeHint, EVERYTHING, fromPayload, toPayloads } from "../../src/storage/change-hint.ts";

const NOTHING: ChangeHint = { organizations: [], sequence: undefined, everything: false };

function changed(count: number): ChangeHint {
  const organizations = Array.from(
    { length: count },
    (_, index) => [`o-${index}`.padEnd(128, "x"), 7n] as const,
  );
  return { ...NOTHING, organizations };
}

/** What another server hears of a hint. */
function heard(hint: ChangeHint): readonly (ChangeHint | undefined)[] {
  return toPayloads("one", hint).map((payload) => fromPayload("two", payload));
}

describe("hints between servers", () => {
  it("say which organizations are at which version, and how far the alerts are", () => {
    const hint: ChangeHint = {
      organizations: [
        ["acme", 12n],
        ["b/c", 3n],
      ],
      sequence: 99n,
      everything: false,
    };
    expect(heard(hint)).to.deep.equal([hint]);
    expect(heard({ ...NOTHING, sequence: 5n })).to.deep.equal([{ ...NOTHING, sequence: 5n }]);
  });

  it("fit into notifications, however many they are; too many say that everything is to be looked at", () => {
    const payloads = toPayloads("one", changed(1_000));
    expect(payloads.every((payload) => Buffer.byteLength(payload) < 8_000)).to.equal(true);
    const organizations = heard(changed(1_000)).flatMap((hint) => hint?.organizations ?? []);
    expect(organizations).to.deep.equal(changed(1_000).organizations);
    expect(heard(changed(10_000))).to.deep.equal([EVERYTHING]);
  });

  it("are nothing to the server that sent them, and anything where they cannot be read", () => {
    const [payload = ""] = toPayloads("one", changed(1));
    expect(fromPayload("one", payload)).to.equal(undefined);
    for (const text of ["", "null", "{}", '{"organizations":[["a","x"]]}']) {
      expect(fromPayload("two", text)).to.deep.equal(EVERYTHING);
    }
  });
});
