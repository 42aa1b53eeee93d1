import type { Account } from "../domain/ledger/account.ts";
import type { ReadRefusal } from "../domain/ledger/refusal.ts";
import { laterOf, type Time } from "../domain/time.ts";
import type { AccountReading, LedgerReader } from "../storage/ledger-reader.ts";
import { guarded } from "./guarded.ts";
import type { Lanes } from "./lanes.ts";
import type { Answer } from "./receipt.ts";

type NotFound = Extract<ReadRefusal, { reason: "ORGANIZATION_NOT_FOUND" }>;
type Select<T, R> = (account: Account, now: Time) => Promise<Answer<T, R>>;
/** `version`: the organization's; what does not need it yet is looked up meanwhile. */
type SelectBeside<T, R> = (version: Promise<bigint>) => Promise<Answer<T, R>>;

/** Reads of organizations whose ledgers are up to date. */
export class OrganizationReading {
  readonly #reader: LedgerReader;
  readonly #lanes: Lanes;

  constructor(reader: LedgerReader, lanes: Lanes) {
    this.#reader = reader;
    this.#lanes = lanes;
  }

  /** What is due is recorded first (R-BAL-4); `now` never lies before the last change (R-BAL-5). */
  read<T, R>(organizationId: string, select: Select<T, R>): Promise<Answer<T, R | NotFound>> {
    return guarded(async () => {
      const { account, now } = await this.#upToDate(organizationId);
      if (!account) return notFound(organizationId);
      return select(account, laterOf(now, account.updateTime));
    });
  }

  /**
   * The same for what begins while the account is looked up: one round trip less. Where something turns out to be due, or
   * nothing to be there, what was begun is dropped.
   */
  readBeside<T, R>(organizationId: string, select: SelectBeside<T, R>): Promise<Answer<T, R | NotFound>> {
    return guarded(async () => {
      const first = this.#reader.account(organizationId);
      const version = first.then(({ account }) => account?.version ?? 0n);
      const begun = select(version);
      for (const dropped of [version, begun]) dropped.catch(() => undefined);
      const reading = await first;
      if (!isDue(reading)) return reading.account ? begun : notFound(organizationId);
      const { account } = await this.#bringUpToDate(organizationId);
      return account ? select(Promise.resolve(account.version)) : notFound(organizationId);
    });
  }

  async #upToDate(organizationId: string): Promise<AccountReading> {
    const reading = await this.#reader.account(organizationId);
    return isDue(reading) ? this.#bringUpToDate(organizationId) : reading;
  }

  async #bringUpToDate(organizationId: string): Promise<AccountReading> {
    await this.#lanes.submit({ organizationId, request: undefined });
    return this.#reader.account(organizationId);
  }
}

function isDue({ account, now }: AccountReading): boolean {
  const { nextDueTime: due, updateTime = 0n } = account ?? {};
  return due !== undefined && due <= laterOf(now, updateTime);
}

function notFound(organizationId: string): Readonly<{ refusal: NotFound }> {
  return { refusal: { reason: "ORGANIZATION_NOT_FOUND", organizationId } };
}
