import type { Alert } from "../domain/alerts/alert.ts";
import type { ThresholdState } from "../domain/alerts/judge.ts";
import { levelMicros } from "../domain/alerts/threshold.ts";
import type { ReadRefusal } from "../domain/ledger/refusal.ts";
import type { AlertReader } from "../storage/alert-reader.ts";
import type { CreditLedger, Page, PageRequest } from "./credit-ledger.ts";
import { list } from "./listing.ts";
import type { Answer } from "./receipt.ts";

/** A threshold, where it is, and its level now; undefined for a share without a cycle. */
export type ThresholdReading = ThresholdState & Readonly<{ levelMicros: bigint | undefined }>;

type Read<T> = Promise<Answer<T, ReadRefusal>>;

const ALERT_NUMBER = /^[1-9]\d{0,17}$/;

/** The readings of thresholds and alerts. Setting thresholds is a command of the ledger. */
export interface AlertBook {
  getThresholds(organizationId: string): Read<readonly ThresholdReading[]>;
  /** Newest first. */
  listAlerts(organizationId: string, page: PageRequest): Read<Page<Alert>>;
}

/** Alerts as they are stored; what is due is recorded first, as for every reading (R-BAL-4). */
export class StoredAlertBook implements AlertBook {
  readonly #ledger: CreditLedger;
  readonly #reader: AlertReader;

  constructor(ledger: CreditLedger, reader: AlertReader) {
    this.#ledger = ledger;
    this.#reader = reader;
  }

  async getThresholds(organizationId: string): Read<readonly ThresholdReading[]> {
    const answer = await this.#ledger.getBalance(organizationId, undefined);
    if ("refusal" in answer) return answer;
    const { thresholds, cycle } = await this.#reader.settings(organizationId);
    return {
      value: thresholds.map((state) => ({ ...state, levelMicros: levelMicros(state.level, cycle) })),
    };
  }

  async listAlerts(organizationId: string, page: PageRequest): Read<Page<Alert>> {
    const answer = await this.#ledger.getBalance(organizationId, undefined);
    if ("refusal" in answer) return answer;
    return list({
      query: ["alerts", organizationId],
      page,
      keyOf: ({ alertNumber }) => String(alertNumber),
      isKey: (key) => ALERT_NUMBER.test(key),
      select: (after, limit) =>
        this.#reader.before(organizationId, after === undefined ? undefined : BigInt(after), limit),
    });
  }
}
