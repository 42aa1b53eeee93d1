import { expect } from "chai";
import { canonicalCommand, canonicalTransaction } from "../../../src/domain/ledger/canonical.ts";
import type {
  BatchReserveCredits,
  ChargeCredits,
  Command,
  CreateGrant,
  ExtendReservation,
  ReserveCredits,
  VoidGrant,
} from "../../../src/domain/ledger/command.ts";
import type { SpendContext } from "../../../src/domain/ledger/spend-context.ts";
import type { Transaction } from "../../../src/domain/ledger/transaction.ts";

const CONTEXT: Required<SpendContext> = {
  runId: "run-1",
  nodeId: "node-1",
  agentId: "agent-1",
  workspaceId: "workspace-1",
  memberId: "member-1",
  parentRunId: "run-0",
  modelId: "model-1",
  labels: { take: "2", scene: 'é"\n' },
};

const RESERVE: ReserveCredits = {
  kind: "reserveCredits",
  amountMicros: 2_500_000n,
  context: CONTEXT,
  timeToLive: 900_000_000n,
};
const BATCH: BatchReserveCredits = {
  kind: "batchReserveCredits",
  items: [RESERVE, { amountMicros: 1n, context: {}, timeToLive: 1_000_000n }],
};
const CHARGE: ChargeCredits = { kind: "chargeCredits", amountMicros: 7n, context: CONTEXT, allowDebt: false };
const GRANT: CreateGrant = {
  kind: "createGrant",
  grantKind: "PROMOTIONAL",
  amountMicros: 5_000_000n,
  expireTime: 1_793_491_200_000_001n,
  reference: "payment:1",
};
const EXTEND: ExtendReservation = {
  kind: "extendReservation",
  reservationId: "r-1",
  timeToLive: 1_000_000n,
  additionalAmountMicros: undefined,
};
const VOID: VoidGrant = { kind: "voidGrant", grantId: "g-1", spentBecomesDebt: false, reason: "refund" };

const TRANSACTION: Transaction = {
  organizationId: "acme",
  version: 12n,
  kind: "SETTLE",
  effectiveTime: 1_793_491_200_000_001n,
  recordTime: 1_793_491_200_000_002n,
  requestId: "6f1c0000-0000-4000-8000-000000000000",
  fingerprint: "00ff",
  requestOrdinal: 0,
  actor: "studio",
  reservationId: "r-1",
  amountMicros: 3n,
  late: false,
  context: CONTEXT,
  movements: [
    { grantId: "g-1", from: "HELD", to: "CONSUMED", amountMicros: 2n, debtVersion: undefined },
    { grantId: undefined, from: "DEBT", to: "CONSUMED", amountMicros: 1n, debtVersion: undefined },
    { grantId: "g-2", from: "FREE", to: "DEBT", amountMicros: 1n, debtVersion: 12n },
  ],
  balance: {
    subscriptionMicros: 1n,
    promotionalMicros: 2n,
    purchasedMicros: 3n,
    reservedMicros: 4n,
    debtMicros: 0n,
  },
  grantAfter: undefined,
};

const CONTEXT_TEXT =
  '["run-1","node-1","agent-1","workspace-1","member-1","run-0","model-1",[["scene","é\\"\\n"],["take","2"]]]';

/** A copy in which every field of every object stands in the opposite order. */
function turnedAround<T>(value: T): T {
  if (Array.isArray(value)) return value.map(turnedAround) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toReversed();
  return Object.fromEntries(entries.map(([key, part]) => [key, turnedAround(part)])) as T;
}

/** Copies of a context that differ in one field each, absent ones included. */
function otherContexts(): readonly SpendContext[] {
  const { labels, ...ids } = CONTEXT;
  return [
    ...Object.keys(ids).flatMap((key) => {
      const { [key]: _left, ...absent } = CONTEXT as Record<string, unknown>;
      return [{ ...CONTEXT, [key]: "other" }, absent];
    }),
    { ...CONTEXT, labels: {} },
    { ...CONTEXT, labels: { ...labels, take: "3" } },
    { ...CONTEXT, labels: { ...labels, more: "" } },
    { ...CONTEXT, nodeId: CONTEXT.runId, runId: CONTEXT.nodeId },
  ];
}

const OTHERS: readonly (readonly [title: string, command: Command, others: readonly Command[]])[] = [
  [
    "a reservation",
    RESERVE,
    [
      { ...RESERVE, amountMicros: 2_500_001n },
      { ...RESERVE, timeToLive: 900_000_001n },
      ...otherContexts().map((context) => ({ ...RESERVE, context })),
      { kind: "batchReserveCredits", items: [RESERVE] },
    ],
  ],
  [
    "a batch",
    BATCH,
    [
      { ...BATCH, items: BATCH.items.toReversed() },
      { ...BATCH, items: BATCH.items.slice(1) },
      { ...BATCH, items: [...BATCH.items, ...BATCH.items] },
      {
        ...BATCH,
        items: BATCH.items.map(({ context, timeToLive }) => ({ context, timeToLive, amountMicros: 1n })),
      },
    ],
  ],
  [
    "a settlement",
    { kind: "settleReservation", reservationId: "r-1", amountMicros: 0n },
    [
      { kind: "settleReservation", reservationId: "r-2", amountMicros: 0n },
      { kind: "settleReservation", reservationId: "r-1", amountMicros: 1n },
    ],
  ],
  [
    "a release",
    { kind: "releaseReservation", reservationId: "r-1" },
    [
      { kind: "releaseReservation", reservationId: "r-2" },
      { kind: "releaseRun", runId: "r-1" },
    ],
  ],
  ["a release of a run", { kind: "releaseRun", runId: "1" }, [{ kind: "releaseRun", runId: "2" }]],
  [
    "an extension",
    EXTEND,
    [
      { ...EXTEND, reservationId: "r-2" },
      { ...EXTEND, timeToLive: 1_000_001n },
      { ...EXTEND, timeToLive: undefined },
      { ...EXTEND, additionalAmountMicros: 0n },
      { ...EXTEND, timeToLive: undefined, additionalAmountMicros: 1_000_000n },
    ],
  ],
  [
    "a charge",
    CHARGE,
    [
      { ...CHARGE, amountMicros: 8n },
      { ...CHARGE, allowDebt: true },
      ...otherContexts().map((context) => ({ ...CHARGE, context })),
    ],
  ],
  [
    "a grant",
    GRANT,
    [
      { ...GRANT, grantKind: "SUBSCRIPTION" },
      { ...GRANT, amountMicros: 5_000_001n },
      { ...GRANT, expireTime: 1_793_491_200_000_002n },
      { ...GRANT, expireTime: undefined },
      { ...GRANT, reference: "payment:2" },
    ],
  ],
  [
    "a void",
    VOID,
    [
      { ...VOID, grantId: "g-2" },
      { ...VOID, spentBecomesDebt: true },
      { ...VOID, reason: "" },
    ],
  ],
];

/** One transaction for each of its fields, in which that field is another. */
const OTHER_TRANSACTIONS: readonly (readonly [field: string, other: Partial<Transaction>])[] = [
  ["organization", { organizationId: "other" }],
  ["version", { version: 13n }],
  ["kind", { kind: "CHARGE" }],
  ["effective time", { effectiveTime: 1_793_491_200_000_002n }],
  ["record time", { recordTime: 1_793_491_200_000_003n }],
  ["request", { requestId: undefined }],
  ["fingerprint", { fingerprint: "00fe" }],
  ["ordinal", { requestOrdinal: 1 }],
  ["actor", { actor: "system" }],
  ["reservation", { reservationId: "r-2" }],
  ["grant", { grantId: "g-1" }],
  ["grant's kind", { grantKind: "PURCHASED" }],
  ["amount", { amountMicros: 4n }],
  ["expiry", { expireTime: 1n }],
  ["lateness", { late: true }],
  ["choice of debt", { spentBecomesDebt: true }],
  ["reference", { reference: "" }],
  ...otherContexts().map((context) => ["context", { context }] as const),
  ["movements", { movements: TRANSACTION.movements.slice(1) }],
  ["movements' order", { movements: TRANSACTION.movements.toReversed() }],
  ...(
    [{ grantId: "g-2" }, { from: "FREE" }, { to: "FREE" }, { amountMicros: 3n }, { debtVersion: 1n }] as const
  ).map(
    (part) =>
      [
        "movement",
        { movements: TRANSACTION.movements.map((m, i) => (i === 0 ? { ...m, ...part } : m)) },
      ] as const,
  ),
  ...Object.keys(TRANSACTION.balance).map(
    (key) => [`balance, ${key}`, { balance: { ...TRANSACTION.balance, [key]: 9n } }] as const,
  ),
  ...(["freeMicros", "heldMicros", "consumedMicros", "expiredMicros", "voidedMicros"] as const).map((key) => {
    const none = { freeMicros: 0n, heldMicros: 0n, consumedMicros: 0n, expiredMicros: 0n, voidedMicros: 0n };
    return [`grant after, ${key}`, { grantAfter: { ...none, [key]: 1n } }] as const;
  }),
];

describe("canonical texts", () => {
  for (const [title, command, others] of OTHERS) {
    it(`R-REQ-2: ${title} has one text, whatever the order of its fields, and no other command has it`, () => {
      const text = canonicalCommand(command);
      expect(canonicalCommand(turnedAround(command))).to.equal(text);
      expect(canonicalCommand(structuredClone(command))).to.equal(text);
      const texts = [text, ...others.map(canonicalCommand)];
      expect(new Set(texts).size).to.equal(texts.length);
    });
  }

  it("R-REQ-2: an id that is left out and one that is undefined are the same; so are no labels and none", () => {
    const bare = canonicalCommand({ ...RESERVE, context: {} });
    expect(canonicalCommand({ ...RESERVE, context: { labels: {} } })).to.equal(bare);
    const explicit = { runId: undefined, labels: undefined } as unknown as SpendContext;
    expect(canonicalCommand({ ...RESERVE, context: explicit })).to.equal(bare);
  });

  it("R-REQ-2: labels are sorted, and text can't pass for structure", () => {
    const one = { ...RESERVE, context: { labels: { a: '1"],["b","2' } } };
    const two = { ...RESERVE, context: { labels: { a: "1", b: "2" } } };
    expect(canonicalCommand(one)).not.to.equal(canonicalCommand(two));
    const sorted = { ...RESERVE, context: { labels: { b: "2", a: "1" } } };
    expect(canonicalCommand(sorted)).to.equal(canonicalCommand(two));
  });

  for (const [field, other] of OTHER_TRANSACTIONS) {
    it(`R-HIST-4: another ${field} makes another text`, () => {
      expect(canonicalTransaction({ ...TRANSACTION, ...other })).not.to.equal(
        canonicalTransaction(TRANSACTION),
      );
    });
  }

  it("R-HIST-4: a transaction has one text, whatever the order of its fields", () => {
    expect(canonicalTransaction(turnedAround(TRANSACTION))).to.equal(canonicalTransaction(TRANSACTION));
  });

  it("R-HIST-4: what is false and what is left out are the same, as is a context without anything in it", () => {
    const { late: _late, context: _context, ...bare } = TRANSACTION;
    expect(canonicalTransaction({ ...bare, context: {}, late: false, spentBecomesDebt: false })).to.equal(
      canonicalTransaction(bare),
    );
  });

  // These texts are hashed and stored: a change of them needs another version of the format beside the old one.
  it("R-REQ-2: the format of commands is command.1", () => {
    expect(canonicalCommand(BATCH)).to.equal(
      `["command.1","batchReserveCredits",["2500000",${CONTEXT_TEXT},"900000000"],` +
        `["1",[null,null,null,null,null,null,null,[]],"1000000"]]`,
    );
  });

  it("R-HIST-4: the format of transactions is transaction.1", () => {
    expect(canonicalTransaction(TRANSACTION)).to.equal(
      '["transaction.1","acme","12","SETTLE","1793491200000001","1793491200000002",' +
        '"6f1c0000-0000-4000-8000-000000000000","00ff","0","studio","r-1",null,null,"3",null,"false","false",null,' +
        `${CONTEXT_TEXT},[["g-1","HELD","CONSUMED","2",null],[null,"DEBT","CONSUMED","1",null],` +
        '["g-2","FREE","DEBT","1","12"]],["1","2","3","4","0"],null]',
    );
  });
});
