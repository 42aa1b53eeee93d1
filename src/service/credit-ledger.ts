import type { Account } from "../domain/ledger/account.ts";
import type { Request } from "../domain/ledger/command.ts";
import type { Grant, GrantKind, GrantState } from "../domain/ledger/grant.ts";
import type { ReadRefusal } from "../domain/ledger/refusal.ts";
import type { Reservation, ReservationState } from "../domain/ledger/reservation.ts";
import type { ListedTransaction, SealedTransaction, TransactionKind } from "../domain/ledger/transaction.ts";
import type { Time } from "../domain/time.ts";
import type { Answer, Receipt } from "./receipt.ts";

export type ReservationFilter = Readonly<{
  states: readonly ReservationState[];
  runId: string | undefined;
  agentId: string | undefined;
}>;
export type GrantFilter = Readonly<{ kinds: readonly GrantKind[]; states: readonly GrantState[] }>;
export type TransactionFilter = Readonly<{
  kinds: readonly TransactionKind[];
  runId: string | undefined;
  agentId: string | undefined;
  workspaceId: string | undefined;
  memberId: string | undefined;
  modelId: string | undefined;
  startTime: Time | undefined;
  endTime: Time | undefined;
}>;
/** `size` as the caller gave it; 0 is the default. An empty token asks for the first page. */
export type PageRequest = Readonly<{ size: number; token: string }>;
/** An empty next token: this was the last page. */
export type Page<T> = Readonly<{ items: readonly T[]; nextPageToken: string }>;

/** A grant and the time at which its state was looked at. */
export type GrantReading = Readonly<{ grant: Grant; now: Time }>;

/** The use cases of the ledger. Reads record what is due first (R-BAL-4). */
export interface CreditLedger {
  /**
   * Applies one mutation; the request's fingerprint is filled in. Refusals: those of its command.
   * Throws ServiceError. The signal drops it while it still waits for its turn.
   */
  apply(request: Omit<Request, "fingerprint">, signal: AbortSignal): Promise<Answer<Receipt>>;
  getBalance(organizationId: string, readTime: Time | undefined): Promise<Answer<Account, ReadRefusal>>;
  getReservation(organizationId: string, reservationId: string): Promise<Answer<Reservation, ReadRefusal>>;
  listReservations(
    organizationId: string,
    filter: ReservationFilter,
    page: PageRequest,
  ): Promise<Answer<Page<Reservation>, ReadRefusal>>;
  getGrant(organizationId: string, grantId: string): Promise<Answer<GrantReading, ReadRefusal>>;
  listGrants(
    organizationId: string,
    filter: GrantFilter,
    page: PageRequest,
  ): Promise<Answer<Page<GrantReading>, ReadRefusal>>;
  getTransaction(organizationId: string, version: bigint): Promise<Answer<SealedTransaction, ReadRefusal>>;
  listTransactions(
    organizationId: string,
    filter: TransactionFilter,
    page: PageRequest,
  ): Promise<Answer<Page<ListedTransaction>, ReadRefusal>>;
}
