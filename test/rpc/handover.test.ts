import { expect } from "chai";
import { Handover } from "../../src/rpc/handover.ts";

describe("messages that are handed over", () => {
  it("are taken one at a time, each when the next one is asked for", async () => {
    const messages = new Handover<string>();
    const reading = messages[Symbol.asyncIterator]();
    const taken: string[] = [];
    messages.put("first", () => taken.push("first"));
    expect(await reading.next()).to.deep.equal({ value: "first", done: false });
    expect(taken).to.deep.equal([]);
    const second = reading.next();
    await settled();
    expect(taken).to.deep.equal(["first"]);
    messages.put("second", () => taken.push("second"));
    expect((await second).value).to.equal("second");
  });

  const ENDINGS: Readonly<Record<string, (messages: Handover<string>) => Promise<void> | void>> = {
    "before it is asked for": () => undefined,
    "while it is waited for": settled,
  };
  for (const [when, before] of Object.entries(ENDINGS)) {
    it(`end behind what is offered ${when}`, async () => {
      const messages = new Handover<string>();
      const reading = messages[Symbol.asyncIterator]();
      const first = reading.next();
      await before(messages);
      messages.put("last", () => undefined);
      messages.end();
      expect((await first).value).to.equal("last");
      expect((await reading.next()).done).to.equal(true);
    });
  }

  it("end for a reader who waits, and for one who comes later", async () => {
    const messages = new Handover<string>();
    const reading = messages[Symbol.asyncIterator]();
    const first = reading.next();
    await settled();
    messages.end();
    expect((await first).done).to.equal(true);
    expect((await messages[Symbol.asyncIterator]().next()).done).to.equal(true);
  });

  it("end while one is read that is never followed", async () => {
    const messages = new Handover<string>();
    const reading = messages[Symbol.asyncIterator]();
    messages.put("only", () => undefined);
    await reading.next();
    messages.end();
    expect((await reading.next()).done).to.equal(true);
  });
});

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
