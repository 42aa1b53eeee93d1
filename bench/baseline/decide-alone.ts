import { v7 as uuid } from "uuid";
import type { Account } from "../../src/domain/ledger/account.ts";
import type { Request } from "../../src/domain/ledger/command.ts";
import { decide } from "../../src/domain/ledger/decide.ts";
import type { Grant } from "../../src/domain/ledger/grant.ts";
import { type Changes, Ledger } from "../../src/domain/ledger/ledger.ts";
import type { Refusal } from "../../src/domain/ledger/refusal.ts";
import type { Reservation } from "../../src/domain/ledger/reservation.ts";
import type { SealedTransaction } from "../../src/domain/ledger/transaction.ts";
import { laterOf, type Time } from "../../src/domain/time.ts";
import { seal } from "../../src/storage/hash-chain.ts";

/** What one request's transaction has read, under the account's lock. */
export type Loaded = Readonly<{
  account: Account;
  headHash: string;
  now: Time;
  grants: readonly Grant[];
  /** What the request names. */
  reservation: Reservation | undefined;
}>;

export type DecidedAlone =
  | Readonly<{ changes: Changes; sealed: SealedTransaction }>
  | Readonly<{ refusal: Refusal }>;

/** The rules themselves are the service's own: what is compared is what surrounds them. */
export function decideAlone(loaded: Loaded, request: Request): DecidedAlone {
  const { account, grants, reservation } = loaded;
  const ledger = new Ledger(account);
  for (const grant of grants) ledger.putGrant(grant);
  if (reservation) ledger.reservations.set(reservation.reservationId, reservation);
  const clock = { now: laterOf(loaded.now, account.updateTime), newId: uuid };
  const decision = decide(ledger, request, clock);
  if (decision.outcome === "refused") return { refusal: decision.refusal };
  if (decision.outcome === "unchanged") throw new Error("a baseline repeats no request");
  const [transaction] = decision.changes.transactions;
  if (!transaction) throw new Error("a change without a transaction");
  return { changes: decision.changes, sealed: seal(loaded.headHash, transaction) };
}
