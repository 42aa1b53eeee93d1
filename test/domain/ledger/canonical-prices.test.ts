import { expect } from "chai";
import { canonicalCommand, canonicalTransaction } from "../../../src/domain/ledger/canonical.ts";
import type { Command, ReserveCredits } from "../../../src/domain/ledger/command.ts";
import type { MeteredCall, ModelCall, Pricing } from "../../../src/domain/ledger/model-call.ts";
import type { Transaction } from "../../../src/domain/ledger/transaction.ts";

const CALL: ModelCall = {
  modelId: "painter",
  settings: { n: 2, quality: "hd" },
  knownUsage: { tokens: "12", images: "1" },
  rateCardVersion: undefined,
  holdMaximum: false,
};
const METERED: MeteredCall = {
  modelId: "painter",
  settings: { n: 2 },
  usage: { images: "1", tokens: "12" },
  rateCardVersion: 7n,
};
const PRICING: Pricing = {
  rateCardVersion: 7n,
  settings: { n: 2, quality: "hd" },
  usage: { tokens: "12" },
  estimate: { minimumMicros: 1n, expectedMicros: 2n, maximumMicros: 3n },
};
const TRANSACTION: Transaction = {
  organizationId: "acme",
  version: 2n,
  kind: "RESERVE",
  effectiveTime: 1n,
  recordTime: 1n,
  requestId: "6f1c0000-0000-4000-8000-000000000000",
  fingerprint: "00ff",
  requestOrdinal: 0,
  actor: "studio",
  reservationId: "r-1",
  amountMicros: 0n,
  movements: [],
  balance: {
    subscriptionMicros: 0n,
    promotionalMicros: 0n,
    purchasedMicros: 0n,
    reservedMicros: 0n,
    debtMicros: 0n,
  },
  grantAfter: undefined,
};

const reserve = (more: Partial<ModelCall> = {}): ReserveCredits => ({
  kind: "reserveCredits",
  call: { ...CALL, ...more },
  context: {},
  timeToLive: 1_000_000n,
});
const settle = (usage: Readonly<Record<string, string>>): Command => ({
  kind: "settleReservation",
  reservationId: "r-1",
  usage,
});
const charge = (more: Partial<MeteredCall> = {}): Command => ({
  kind: "chargeCredits",
  metered: { ...METERED, ...more },
  context: {},
  allowDebt: false,
});

/** Commands that all have another content. */
const COMMANDS: readonly Command[] = [
  reserve(),
  reserve({ modelId: "poet" }),
  reserve({ settings: { n: 2 } }),
  reserve({ settings: { n: "2", quality: "hd" } }),
  reserve({ knownUsage: { tokens: "12" } }),
  reserve({ knownUsage: { tokens: "1", images: "12" } }),
  reserve({ rateCardVersion: 7n }),
  reserve({ holdMaximum: true }),
  { kind: "reserveCredits", amountMicros: 2n, context: {}, timeToLive: 1_000_000n },
  settle({ images: "1" }),
  settle({ images: "2" }),
  settle({}),
  { kind: "settleReservation", reservationId: "r-1", amountMicros: 1n },
  charge(),
  charge({ usage: {} }),
  charge({ settings: {} }),
  charge({ modelId: "poet" }),
  charge({ rateCardVersion: undefined }),
  { kind: "chargeCredits", amountMicros: 1n, context: {}, allowDebt: false },
];

describe("canonical texts of what is priced", () => {
  it("R-REQ-2: each content has a text of its own", () => {
    expect(new Set(COMMANDS.map(canonicalCommand)).size).to.equal(COMMANDS.length);
  });

  it("R-REQ-2: the order of names in settings and usage means nothing", () => {
    const turned = reserve({
      settings: { quality: "hd", n: 2 },
      knownUsage: { images: "1", tokens: "12" },
    });
    expect(canonicalCommand(turned)).to.equal(canonicalCommand(reserve()));
  });

  // These texts are hashed and stored: a change of them needs another version of the format beside the old one.
  it("R-REQ-2: what is to be priced has its content in the place of the amount", () => {
    const settings = '"{\\"n\\":2,\\"quality\\":\\"hd\\"}"';
    expect(canonicalCommand(reserve())).to.equal(
      `["command.1","reserveCredits",["price","painter",${settings},[["images","1"],["tokens","12"]],null,"false"],` +
        '[null,null,null,null,null,null,null,[]],"1000000"]',
    );
    expect(canonicalCommand(settle({ b: "2", a: "1" }))).to.equal(
      '["command.1","settleReservation","r-1",["usage",[["a","1"],["b","2"]]]]',
    );
    expect(canonicalCommand(charge())).to.equal(
      '["command.1","chargeCredits",["metered","painter","{\\"n\\":2}",[["images","1"],["tokens","12"]],"7"],' +
        '[null,null,null,null,null,null,null,[]],"false"]',
    );
  });

  it("R-HIST-4: what was priced stands at the end of a transaction, and the rest is as without it", () => {
    const text = canonicalTransaction({ ...TRANSACTION, pricing: PRICING });
    const settings = '"{\\"n\\":2,\\"quality\\":\\"hd\\"}"';
    const end = `["pricing","7",${settings},[["tokens","12"]],["1","2","3"]]]`;
    expect(text.endsWith(end), text).to.equal(true);
    expect(`${text.slice(0, -end.length - 1)}]`).to.equal(canonicalTransaction(TRANSACTION));
  });

  it("R-HIST-4: each part of what was priced makes another text", () => {
    const others: readonly (Pricing | undefined)[] = [
      PRICING,
      { ...PRICING, rateCardVersion: 8n },
      { ...PRICING, settings: {} },
      { ...PRICING, usage: {} },
      { ...PRICING, estimate: undefined },
    ];
    const texts = others.map((pricing) =>
      canonicalTransaction(pricing ? { ...TRANSACTION, pricing } : TRANSACTION),
    );
    expect(new Set(texts).size).to.equal(others.length);
  });
});
