import type { Account } from "../../src/domain/ledger/account.ts";
import type { Request } from "../../src/domain/ledger/command.ts";
import type { Grant } from "../../src/domain/ledger/grant.ts";
import type { Reservation } from "../../src/domain/ledger/reservation.ts";
import type { SealedTransaction } from "../../src/domain/ledger/transaction.ts";
import type { CreditLedger } from "../../src/service/credit-ledger.ts";
import type { Receipt } from "../../src/service/receipt.ts";

type Method = keyof CreditLedger;
type Script = { [Name in Method]?: (...args: Parameters<CreditLedger[Name]>) => unknown };

/**
 * A ledger that answers what a test tells it to, for tests of what surrounds the ledger.
 * What the ledger itself does is tested with the real one.
 */
export class ScriptedLedger implements CreditLedger {
  /** What it was asked to apply, in order. */
  readonly applied: Omit<Request, "fingerprint">[] = [];
  #script: Script = {};

  /** Replaces what was scripted before. */
  script(script: Script): void {
    this.#script = script;
    this.applied.length = 0;
  }

  /** Every method gives this answer. */
  always(answer: () => unknown): void {
    const names: readonly Method[] = [
      "apply",
      "getBalance",
      "getReservation",
      "listReservations",
      "getGrant",
      "listGrants",
      "getTransaction",
      "listTransactions",
    ];
    this.script(Object.fromEntries(names.map((name) => [name, answer])));
  }

  apply: CreditLedger["apply"] = (request, signal) => {
    this.applied.push(request);
    return this.#play("apply", request, signal);
  };
  getBalance: CreditLedger["getBalance"] = (...args) => this.#play("getBalance", ...args);
  getReservation: CreditLedger["getReservation"] = (...args) => this.#play("getReservation", ...args);
  listReservations: CreditLedger["listReservations"] = (...args) => this.#play("listReservations", ...args);
  getGrant: CreditLedger["getGrant"] = (...args) => this.#play("getGrant", ...args);
  listGrants: CreditLedger["listGrants"] = (...args) => this.#play("listGrants", ...args);
  getTransaction: CreditLedger["getTransaction"] = (...args) => this.#play("getTransaction", ...args);
  listTransactions: CreditLedger["listTransactions"] = (...args) => this.#play("listTransactions", ...args);

  async #play<Name extends Method>(
    name: Name,
    ...args: Parameters<CreditLedger[Name]>
  ): Promise<Awaited<ReturnType<CreditLedger[Name]>>> {
    const answer = this.#script[name] as ((...args: Parameters<CreditLedger[Name]>) => unknown) | undefined;
    if (answer === undefined) throw new Error(`no answer to ${name} was scripted`);
    return (await answer(...args)) as Awaited<ReturnType<CreditLedger[Name]>>;
  }
}

export const ORGANIZATION = "acme";
export const REQUEST_ID = "6f1c0a3e-0000-4000-8000-00000000000a";
export const RESERVATION_ID = "01990000-0000-7000-8000-00000000000b";
export const GRANT_ID = "01990000-0000-7000-8000-00000000000c";
/** 2026-11-01T10:00:00.000001Z */
export const NOW = 1_793_527_200_000_001n;

export const ACCOUNT: Account = {
  organizationId: ORGANIZATION,
  version: 7n,
  updateTime: NOW,
  balance: {
    subscriptionMicros: 1_000_000n,
    promotionalMicros: 20_000n,
    purchasedMicros: 300n,
    reservedMicros: 20_000n,
    debtMicros: 0n,
  },
  nextDueTime: undefined,
};

export const GRANT: Grant = {
  grantId: GRANT_ID,
  kind: "PROMOTIONAL",
  amountMicros: 50_000n,
  freeMicros: 0n,
  heldMicros: 20_000n,
  consumedMicros: 30_000n,
  expiredMicros: 0n,
  voidedMicros: 0n,
  createTime: NOW - 1_000_000n,
  expireTime: NOW + 1_000_000n,
  reference: "payment:pi_123",
  version: 3n,
  voided: false,
  spentBecomesDebt: false,
};

export const RESERVATION: Reservation = {
  reservationId: RESERVATION_ID,
  state: "HELD",
  amountMicros: 20_000n,
  holds: [{ grantId: GRANT_ID, amountMicros: 20_000n }],
  settledMicros: undefined,
  payments: [],
  debtMicros: 0n,
  refundedMicros: 0n,
  late: false,
  createTime: NOW,
  expireTime: NOW + 900_000_000n,
  endTime: undefined,
  endVersion: undefined,
  context: { runId: "run-1", modelId: "image-xl", labels: { team: "blue" } },
  versions: [7n],
};

export const TRANSACTION: SealedTransaction = {
  organizationId: ORGANIZATION,
  version: 7n,
  kind: "RESERVE",
  effectiveTime: NOW,
  recordTime: NOW + 1n,
  requestId: REQUEST_ID,
  fingerprint: "00",
  requestOrdinal: 0,
  actor: "anonymous",
  reservationId: RESERVATION_ID,
  amountMicros: 20_000n,
  expireTime: NOW + 900_000_000n,
  context: RESERVATION.context,
  movements: [{ grantId: GRANT_ID, from: "FREE", to: "HELD", amountMicros: 20_000n, debtVersion: undefined }],
  balance: ACCOUNT.balance,
  grantAfter: undefined,
  hash: "ab".repeat(32),
};

export const RECEIPT: Receipt = {
  account: ACCOUNT,
  reservations: [RESERVATION],
  grant: GRANT,
  transactions: [TRANSACTION],
  replayed: false,
  current: undefined,
};
