import type { Account } from "../domain/ledger/account.ts";
import type { ReadRefusal } from "../domain/ledger/refusal.ts";
import { laterOf, type Time } from "../domain/time.ts";
import type { AccountReading, LedgerReader } from "../storage/ledger-reader.ts";
import { guarded } from "./guarded.ts";
import type { Lanes } from "./lanes.ts";
import type { Answer } from "./receipt.ts";

type NotFound = Extract<ReadRefusal, { reason: "ORGANIZATION_NOT_FOUND" }>;
type Select<T, R> = (account: Account, now: Time) => Promise<Answer<T, R>>;

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
