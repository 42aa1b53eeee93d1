import type { Account } from "../domain/ledger/account.ts";
import type { Command, Request } from "../domain/ledger/command.ts";
import type { ReadRefusal, Refusal } from "../domain/ledger/refusal.ts";
import type { Reservation } from "../domain/ledger/reservation.ts";
import type { ListedTransaction, SealedTransaction } from "../domain/ledger/transaction.ts";
import { cycleOf } from "../domain/plans/subscription.ts";
import type { Time } from "../domain/time.ts";
import { fingerprintOf } from "../storage/hash-chain.ts";
import type { LedgerReader } from "../storage/ledger-reader.ts";
import type { CatalogueHistory } from "./catalogue-history.ts";
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
import { listSelected } from "./listing.ts";
import type { OrganizationReading } from "./organization-reading.ts";
import type { Answer, Receipt } from "./receipt.ts";
import { isPriced, pricedReceipt } from "./receipt-price.ts";
import { receiptOf, replayedReceipt } from "./receipts.ts";
import { remedyOf } from "./remedy.ts";

type Parts = Readonly<{
  reader: LedgerReader;
  lanes: Lanes;
  reading: OrganizationReading;
  catalogues: CatalogueHistory;
}>;
type Read<T> = Promise<Answer<T, ReadRefusal>>;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const VERSION_MAX = 2n ** 63n - 1n;
const VERSION = /^[1-9]\d{0,18}$/;

/** The ledger on PostgreSQL: mutations go through the lanes, reads straight to the database. */
export class LedgerService implements CreditLedger {
  readonly #reader: LedgerReader;
  readonly #lanes: Lanes;
  readonly #reading: OrganizationReading;
  readonly #catalogues: CatalogueHistory;

  constructor({ reader, lanes, reading, catalogues }: Parts) {
    this.#reader = reader;
    this.#lanes = lanes;
    this.#reading = reading;
    this.#catalogues = catalogues;
  }

  async apply(asked: Omit<Request, "fingerprint">, signal: AbortSignal): Promise<Answer<Receipt>> {
    const { organizationId, command } = asked;
    const request = { ...asked, fingerprint: fingerprintOf(command) };
    const outcome = await this.#lanes.submit({ organizationId, request }, signal);
    switch (outcome.outcome) {
      case "accepted":
        return { value: await this.#priced(command, receiptOf(outcome.changes, outcome.transactions)) };
      case "unchanged":
        return { value: await this.#priced(command, await this.#replayed(asked, outcome.versions)) };
      case "refused":
        return { refusal: await this.#withRemedy(organizationId, outcome.refusal) };
      default:
        throw new Error(`a request came to ${outcome.outcome}`);
    }
  }

  #replayed({ organizationId, command }: Omit<Request, "fingerprint">, versions: readonly bigint[]) {
    return guarded(() =>
      this.#reader.atOnce((reader) => replayedReceipt(reader, organizationId, command, versions)),
    );
  }

  #priced(command: Command, receipt: Receipt): Receipt | Promise<Receipt> {
    if (!isPriced(command)) return receipt;
    return guarded(() => pricedReceipt(this.#reader, this.#catalogues, command, receipt));
  }

  /** Looked up beside the lane: who is refused must not hold up those who are not. */
  async #withRemedy(organizationId: string, refusal: Refusal): Promise<Refusal> {
    if (refusal.reason !== "INSUFFICIENT_CREDITS") return refusal;
    const shortfallMicros = refusal.requiredMicros - refusal.availableMicros;
    const remedy = await guarded(() =>
      remedyOf(this.#reader, this.#catalogues, organizationId, shortfallMicros),
    );
    return { ...refusal, remedy };
  }

  getBalance(organizationId: string, readTime: Time | undefined): Read<Account> {
    return this.#reading.read<Account, ReadRefusal>(organizationId, async (account, now) => {
      if (readTime === undefined) return { value: account };
      if (readTime > now) return { refusal: { reason: "READ_TIME_IN_FUTURE", readTime, now } };
      const version = await this.#reader.versionBefore(organizationId, readTime + 1n);
      const [change] = await this.#reader.transactions(organizationId, [version]);
      if (!change) return { refusal: { reason: "ORGANIZATION_NOT_FOUND", organizationId } };
      const cycle = cycleOf(await this.#reader.subscriptionAt(organizationId, version));
      const { effectiveTime: updateTime, balance } = change;
      return { value: { ...account, version, updateTime, balance, cycle } };
    });
  }

  getReservation(organizationId: string, reservationId: string): Read<Reservation> {
    return this.#reading.read(organizationId, async () => {
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
    return this.#reading.read(organizationId, () =>
      listSelected({
        query: ["reservations", organizationId, filter],
        page,
        isKey: (key) => UUID.test(key),
        select: async (beforeId, limit) => {
          const query = { ...filter, beforeId, limit };
          const { reservations, before } = await this.#reader.listReservations(organizationId, query);
          return { items: reservations, nextKey: before };
        },
      }),
    );
  }

  getGrant(organizationId: string, grantId: string): Read<GrantReading> {
    return this.#reading.read(organizationId, async (_account, now) => {
      const grant = await this.#reader.grant(organizationId, grantId);
      if (grant) return { value: { grant, now } };
      return { refusal: { reason: "GRANT_NOT_FOUND", organizationId, grantId } };
    });
  }

  listGrants(organizationId: string, filter: GrantFilter, page: PageRequest): Read<Page<GrantReading>> {
    return this.#reading.read(organizationId, (_account, now) =>
      listSelected({
        query: ["grants", organizationId, filter],
        page,
        isKey: (key) => UUID.test(key),
        select: async (beforeId, limit) => {
          const query = { ...filter, now, beforeId, limit };
          const { grants, before } = await this.#reader.listGrants(organizationId, query);
          return { items: grants.map((grant) => ({ grant, now })), nextKey: before };
        },
      }),
    );
  }

  getTransaction(organizationId: string, version: bigint): Read<SealedTransaction> {
    return this.#reading.read(organizationId, async () => {
      const [transaction] = await this.#reader.transactions(organizationId, [version]);
      if (transaction) return { value: transaction };
      return { refusal: { reason: "TRANSACTION_NOT_FOUND", organizationId, version } };
    });
  }

  listTransactions(
    organizationId: string,
    filter: TransactionFilter,
    page: PageRequest,
  ): Read<Page<ListedTransaction>> {
    return this.#reading.readBeside(organizationId, (lastVersion) =>
      listSelected({
        query: ["transactions", organizationId, filter],
        page,
        isKey: isVersion,
        select: async (after, limit) => {
          const beforeVersion = after === undefined ? undefined : BigInt(after);
          const query = { ...filter, beforeVersion, lastVersion, limit };
          const { transactions, before } = await this.#reader.listTransactions(organizationId, query);
          return { items: transactions, nextKey: before === undefined ? undefined : String(before) };
        },
      }),
    );
  }
}

/** A version within 64 bits: a token that was made up is refused, rather than an error of the database. */
function isVersion(key: string): boolean {
  return VERSION.test(key) && BigInt(key) <= VERSION_MAX;
}
