import { expect } from "chai";
import type { SpendContext } from "../../src/domain/ledger/spend-context.ts";
import { SECOND, type Time } from "../../src/domain/time.ts";
import type {
  CreditLedger,
  GrantFilter,
  Page,
  PageRequest,
  ReservationFilter,
  TransactionFilter,
} from "../../src/service/credit-ledger.ts";
import type { Answer } from "../../src/service/receipt.ts";
import {
  ANY_TRANSACTION,
  accepted,
  chargeOf,
  grantOf,
  itemOf,
  releaseOf,
  reserved,
  settleOf,
  valueIn,
} from "./support/asking.ts";
import { LedgerRig } from "./support/ledger-rig.ts";
import { until } from "./support/until.ts";

const FIRST = { size: 0, token: "" };
const ANY_RESERVATION: ReservationFilter = { states: [], runId: undefined, agentId: undefined };
const ANY_GRANT: GrantFilter = { kinds: [], states: [] };
const FAR = 253_402_300_799_999_999n;
const organizationId = "lists";

describe("lists", () => {
  let rig: LedgerRig;
  let ledger: CreditLedger;
  const held = new Map<string, string>();
  const moments: Time[] = [];

  before(async () => {
    rig = await LedgerRig.open();
    ledger = rig.serve();
    await accepted(ledger, { organizationId }, grantOf(1_000n, { reference: "test:first" }));
    const contexts: Record<string, SpendContext> = {
      held: { runId: "r1", agentId: "a1", workspaceId: "w1", memberId: "m1", modelId: "x1" },
      settled: { runId: "r1", agentId: "a2", workspaceId: "w2", memberId: "m1", modelId: "x2" },
      released: { runId: "r2", agentId: "a1", workspaceId: "w1", memberId: "m2", modelId: "x1" },
      expired: { runId: "r2", agentId: "a2" },
    };
    for (const [name, context] of Object.entries(contexts)) {
      const more = name === "expired" ? { context, timeToLive: 2n * SECOND } : { context };
      held.set(name, await reserved(ledger, { organizationId }, 10n, more));
    }
    await accepted(ledger, { organizationId }, settleOf(idOf("settled"), 4n));
    await accepted(ledger, { organizationId }, releaseOf(idOf("released")));
    await until(async () => {
      const { state } = valueIn(await ledger.getReservation(organizationId, idOf("expired")));
      return state === "EXPIRED";
    });
    const all = valueIn(await ledger.listTransactions(organizationId, ANY_TRANSACTION, FIRST));
    moments.push(...all.items.map(({ effectiveTime }) => effectiveTime).toReversed());
  });

  after(async () => {
    await rig.expectSound();
    await rig.close();
  });

  function idOf(name: string): string {
    return held.get(name) ?? "";
  }

  const RESERVATIONS: readonly [Partial<ReservationFilter>, readonly string[]][] = [
    [{}, ["expired", "released", "settled", "held"]],
    [{ states: ["HELD"] }, ["held"]],
    [{ states: ["EXPIRED", "RELEASED"] }, ["expired", "released"]],
    [{ runId: "r1" }, ["settled", "held"]],
    [{ agentId: "a2" }, ["expired", "settled"]],
    [{ states: ["SETTLED"], runId: "r1", agentId: "a1" }, []],
    [{ runId: "' or true --" }, []],
  ];

  for (const [filter, names] of RESERVATIONS) {
    it(`reservations by ${JSON.stringify(filter)}, newest first`, async () => {
      const answer = await ledger.listReservations(organizationId, { ...ANY_RESERVATION, ...filter }, FIRST);
      const { items, nextPageToken } = valueIn(answer);
      expect(items.map(({ reservationId }) => reservationId)).to.deep.equal(names.map(idOf));
      expect(nextPageToken).to.equal("");
    });
  }

  const TRANSACTIONS: readonly [string, () => Partial<TransactionFilter>, readonly number[]][] = [
    ["nothing", () => ({}), [8, 7, 6, 5, 4, 3, 2, 1]],
    ["kind", () => ({ kinds: ["RESERVE"] }), [5, 4, 3, 2]],
    ["kinds", () => ({ kinds: ["GRANT", "HOLD_EXPIRY"] }), [8, 1]],
    ["run", () => ({ runId: "r1" }), [6, 3, 2]],
    ["agent", () => ({ agentId: "a2" }), [8, 6, 5, 3]],
    ["workspace", () => ({ workspaceId: "w2" }), [6, 3]],
    ["member", () => ({ memberId: "m2" }), [7, 4]],
    ["model and kind", () => ({ modelId: "x1", kinds: ["RELEASE"] }), [7]],
    ["start, which counts", () => ({ startTime: moments[5] }), [8, 7, 6]],
    ["end, which does not", () => ({ endTime: moments[5] }), [5, 4, 3, 2, 1]],
    ["both", () => ({ startTime: moments[1], endTime: moments[3], agentId: "a2" }), [3]],
    ["an empty span", () => ({ startTime: moments[3], endTime: moments[3] }), []],
    ["all of time", () => ({ startTime: -62_135_596_800_000_000n, endTime: FAR }), [8, 7, 6, 5, 4, 3, 2, 1]],
    ["the time before", () => ({ endTime: -62_135_596_800_000_000n }), []],
    ["the time after", () => ({ startTime: FAR }), []],
  ];

  for (const [name, filter, versions] of TRANSACTIONS) {
    it(`transactions by ${name}, newest first`, async () => {
      const answer = await ledger.listTransactions(
        organizationId,
        { ...ANY_TRANSACTION, ...filter() },
        FIRST,
      );
      expect(valueIn(answer).items.map(({ version }) => Number(version))).to.deep.equal(versions);
    });
  }

  it("grants by kind and by their state now", async () => {
    const other = "lists-grants";
    const ask = (command: Parameters<typeof accepted>[2]) =>
      accepted(ledger, { organizationId: other }, command);
    const soon = BigInt(Date.now() + 1_000) * 1_000n;
    const { grant: spent } = await ask(grantOf(5n, { grantKind: "SUBSCRIPTION", expireTime: FAR }));
    await ask(chargeOf(5n));
    const { grant: expired } = await ask(grantOf(6n, { expireTime: soon }));
    const { grant: voided } = await ask(grantOf(7n, { grantKind: "PURCHASED" }));
    await ask({ kind: "voidGrant", grantId: voided?.grantId ?? "", spentBecomesDebt: false, reason: "" });
    const { grant: active } = await ask(grantOf(8n));
    const list = async (filter: Partial<GrantFilter>) => {
      const answer = await ledger.listGrants(other, { ...ANY_GRANT, ...filter }, FIRST);
      return valueIn(answer).items.map(({ grant }) => grant.grantId);
    };
    await until(async () => (await list({ states: ["EXPIRED"] })).length > 0);
    const ids = [active, voided, expired, spent].map((grant) => grant?.grantId);
    expect(await list({})).to.deep.equal(ids);
    expect(await list({ states: ["ACTIVE"] })).to.deep.equal([ids[0]]);
    expect(await list({ states: ["VOIDED", "SPENT"] })).to.deep.equal([ids[1], ids[3]]);
    expect(await list({ states: ["EXPIRED"] })).to.deep.equal([ids[2]]);
    expect(await list({ kinds: ["PURCHASED"] })).to.deep.equal([ids[1]]);
    expect(await list({ kinds: ["PURCHASED"], states: ["ACTIVE"] })).to.deep.equal([]);
  });

  describe("in pages", () => {
    const many = "lists-many";

    before(async () => {
      await accepted(ledger, { organizationId: many }, grantOf(10_000n));
      const items = Array.from({ length: 1_000 }, () => itemOf(1n));
      await accepted(ledger, { organizationId: many }, { kind: "batchReserveCredits", items });
      await accepted(
        ledger,
        { organizationId: many },
        { kind: "batchReserveCredits", items: items.slice(0, 4) },
      );
      for (let grants = 0; grants < 6; grants += 1)
        await accepted(ledger, { organizationId: many }, grantOf(1n));
    });

    const transactions = (page: PageRequest) => ledger.listTransactions(many, ANY_TRANSACTION, page);
    const reservations = (page: PageRequest) => ledger.listReservations(many, ANY_RESERVATION, page);
    const grants = (page: PageRequest) => ledger.listGrants(many, ANY_GRANT, page);

    it("gives 50 where no size is asked for, and 1,000 where more is", async () => {
      for (const list of [transactions, reservations]) {
        expect(valueIn<Page<unknown>, never>((await list(FIRST)) as never).items).to.have.length(50);
        const page = valueIn<Page<unknown>, never>((await list({ size: 1_001, token: "" })) as never);
        expect(page.items).to.have.length(1_000);
        expect(page.nextPageToken).to.not.equal("");
      }
    });

    it("goes through everything once, also where the last page is full", async () => {
      expect(await walk(transactions, 337, ({ version }) => version)).to.have.length(1_011);
      expect(await walk(reservations, 251, ({ reservationId }) => reservationId)).to.have.length(1_004);
      expect(await walk(reservations, 502, ({ reservationId }) => reservationId)).to.have.length(1_004);
      expect(await walk(grants, 1, ({ grant }) => grant.grantId)).to.have.length(7);
    });

    it("neither repeats nor skips a row while rows are added", async () => {
      const before = valueIn(await ledger.getBalance(many, undefined)).version;
      const versions = await walk(
        transactions,
        100,
        ({ version }) => version,
        async () => {
          await accepted(ledger, { organizationId: many }, chargeOf(1n));
        },
      );
      expect(versions).to.deep.equal(
        Array.from({ length: Number(before) }, (_, index) => before - BigInt(index)),
      );
    });

    it("refuses the token of another query, and of another list", async () => {
      const { nextPageToken: token } = valueIn(await transactions({ size: 5, token: "" }));
      const page = { size: 5, token };
      const others = await Promise.all([
        ledger.listTransactions(many, { ...ANY_TRANSACTION, runId: "r1" }, page),
        ledger.listTransactions(organizationId, ANY_TRANSACTION, page),
        ledger.listTransactions(many, { ...ANY_TRANSACTION, endTime: FAR }, page),
        reservations(page),
        grants(page),
      ]);
      for (const answer of others)
        expect(answer).to.have.nested.property("refusal.reason", "PAGE_TOKEN_INVALID");
      expect(
        valueIn(await transactions({ size: 6, token })).items,
        "another size is no other query",
      ).to.have.length(6);
    });

    it("refuses what is no token", async () => {
      const { nextPageToken: good } = valueIn(await transactions({ size: 5, token: "" }));
      const [digest] = JSON.parse(Buffer.from(good, "base64url").toString()) as [string];
      const forged = ["1 or true", "-1", "0", "9223372036854775808", "9".repeat(19), "", 7, null].map((key) =>
        Buffer.from(JSON.stringify([digest, key])).toString("base64url"),
      );
      const garbage = ["x", "%%%", "bnVsbA", "e30", "W10", good.slice(0, -3), "A".repeat(10_000), ...forged];
      for (const token of garbage) {
        const answer = await transactions({ size: 5, token });
        expect(answer, token).to.have.nested.property("refusal.reason", "PAGE_TOKEN_INVALID");
      }
    });
  });
});

async function walk<T, K>(
  list: (page: PageRequest) => Promise<Answer<Page<T>, { reason: string }>>,
  size: number,
  keyOf: (item: T) => K,
  between: () => Promise<void> = async () => undefined,
): Promise<K[]> {
  const keys: K[] = [];
  for (let token = ""; ; ) {
    const { items, nextPageToken } = valueIn(await list({ size, token }));
    keys.push(...items.map(keyOf));
    expect(new Set(keys).size).to.equal(keys.length);
    if (nextPageToken === "") return keys;
    token = nextPageToken;
    await between();
  }
}
