import type { Account } from "../domain/ledger/account.ts";
import type { Request } from "../domain/ledger/command.ts";
import type { ReadRefusal } from "../domain/ledger/refusal.ts";
import type { Reservation } from "../domain/ledger/reservation.ts";
import type { SealedTransaction } from "../domain/ledger/transaction.ts";
import { laterOf, type Time } from "../domain/time.ts";
import { fingerprintOf } from "../storage/hash-chain.ts";
import type { AccountReading, LedgerReader } from "../storage/ledger-reader.ts";
import type {
  CreditLedger,
  GrantFilter,
  GrantReading,
  Page,
  PageRequest,
  ReservationFilter,
  TransactionFilter,
} from "./credit-ledger.ts";
import { guarded } from "./guarded.ts";
import type { Lanes } from "./lanes.ts";
import { list } from "./listing.ts";
import type { Answer, Receipt } from "./receipt.ts";
import { receiptOf, replayedReceipt } from "./receipts.ts";

type Read<T> = Promise<Answer<T, ReadRefusal>>;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const VERSION_MAX = 2n ** 63n - 1n;
const VERSION = /^[1-9]\d{0,18}$/;

/** The ledger on PostgreSQL: mutations go through the lanes, reads straight to the database. */
export class LedgerService implements CreditLedger {
  readonly #reader: LedgerReader;
  readonly #lanes: Lanes;

  constructor(reader: LedgerReader, lanes: Lanes) {
    this.#reader = reader;
    this.#lanes = lanes;
  }

  async apply(asked: Omit<Request, "fingerprint">, signal: AbortSignal): Promise<Answer<Receipt>> {
    const { organizationId, command } = asked;
    const request = { ...asked, fingerprint: fingerprintOf(command) };
    const outcome = await this.#lanes.submit({ organizationId, request }, signal);
    switch (outcome.outcome) {
      case "accepted":
        return { value: receiptOf(outcome.changes, outcome.transactions) };
      case "unchanged":
        return { value: await this.#replayed(asked, outcome.versions) };
      case "refused":
        return { refusal: outcome.refusal };
      default:
        throw new Error(`a request came to ${outcome.outcome}`);
    }
  }

  #replayed({ organizationId, command }: Omit<Request, "fingerprint">, versions: readonly bigint[]) {
    return guarded(() =>
      this.#reader.atOnce((reader) => replayedReceipt(reader, organizationId, command, versions)),
    );
  }

  getBalance(organizationId: string, readTime: Time | undefined): Read<Account> {
    return this.#read(organizationId, async (account, now) => {
      if (readTime === undefined) return { value: account };
      if (readTime > now) return { refusal: { reason: "READ_TIME_IN_FUTURE", readTime, now } };
      const version = await this.#reader.versionBefore(organizationId, readTime + 1n);
      const [change] = await this.#reader.transactions(organizationId, [version]);
      if (!change) return { refusal: { reason: "ORGANIZATION_NOT_FOUND", organizationId } };
      return { value: { ...account, version, updateTime: change.effectiveTime, balance: change.balance } };
    });
  }

  getReservation(organizationId: string, reservationId: string): Read<Reservation> {
    return this.#read(organizationId, async () => {
      const [reservation] = await this.#reader.reservations(organizationId, [reservationId]);
      if (reservation) return { value: reservation };
      return { refusal: { reason: "RESERVATION_NOT_FOUND", organizationId, reservationId } };
    });
  }

  listReservations(
    organizationId: string,
    filter: ReservationFilter,
    page: PageRequest,
  ): Read<Page<Reservation>> {
    return this.#read(organizationId, () =>
      list({
        query: ["reservations", organizationId, filter],
        page,
        keyOf: ({ reservationId }) => reservationId,
        isKey: (key) => UUID.test(key),
        select: (beforeId, limit) =>
          this.#reader.listReservations(organizationId, { ...filter, beforeId, limit }),
      }),
    );
  }

  getGrant(organizationId: string, grantId: string): Read<GrantReading> {
    return this.#read(organizationId, async (_account, now) => {
      const grant = await this.#reader.grant(organizationId, grantId);
      if (grant) return { value: { grant, now } };
      return { refusal: { reason: "GRANT_NOT_FOUND", organizationId, grantId } };
    });
  }

  listGrants(organizationId: string, filter: GrantFilter, page: PageRequest): Read<Page<GrantReading>> {
    return this.#read(organizationId, (_account, now) =>
      list({
        query: ["grants", organizationId, filter],
        page,
        keyOf: ({ grant }) => grant.grantId,
        isKey: (key) => UUID.test(key),
        select: async (beforeId, limit) => {
          const grants = await this.#reader.listGrants(organizationId, { ...filter, now, beforeId, limit });
          return grants.map((grant) => ({ grant, now }));
        },
      }),
    );
  }

  getTransaction(organizationId: string, version: bigint): Read<SealedTransaction> {
    return this.#read(organizationId, async () => {
      const [transaction] = await this.#reader.transactions(organizationId, [version]);
      if (transaction) return { value: transaction };
      return { refusal: { reason: "TRANSACTION_NOT_FOUND", organizationId, version } };
    });
  }

  listTransactions(
    organizationId: string,
    filter: TransactionFilter,
    page: PageRequest,
  ): Read<Page<SealedTransaction>> {
    return this.#read(organizationId, () =>
      list({
        query: ["transactions", organizationId, filter],
        page,
        keyOf: ({ version }) => String(version),
        isKey: isVersion,
        select: (after, limit) => {
          const beforeVersion = after === undefined ? undefined : BigInt(after);
          return this.#reader.listTransactions(organizationId, { ...filter, beforeVersion, limit });
        },
      }),
    );
  }

  /** What is due is recorded first (R-BAL-4); `now` never lies before the last change (R-BAL-5). */
  #read<T>(organizationId: string, select: (account: Account, now: Time) => Read<T>): Read<T> {
    return guarded(async () => {
      const { account, now } = await this.#upToDate(organizationId);
      if (!account) return { refusal: { reason: "ORGANIZATION_NOT_FOUND", organizationId } };
      return select(account, laterOf(now, account.updateTime));
    });
  }

  async #upToDate(organizationId: string): Promise<AccountReading> {
    const reading = await this.#reader.account(organizationId);
    const { nextDueTime: due, updateTime = 0n } = reading.account ?? {};
    if (due === undefined || due > laterOf(reading.now, updateTime)) return reading;
    await this.#lanes.submit({ organizationId, request: undefined });
    return this.#reader.account(organizationId);
  }
}

/** A version within 64 bits: a token that was made up is refused, rather than an error of the database. */
function isVersion(key: string): boolean {
  return VERSION.test(key) && BigInt(key) <= VERSION_MAX;
}
