import { type Kysely, sql } from "kysely";
import type { Alert, SequencedAlert } from "../domain/alerts/alert.ts";
import { type AlertRow, fromRowAlert, selectAlertsAfter, selectAlertsBefore } from "./alert-rows.ts";
import { type StoredSettings, selectAlertSettings } from "./alert-settings-rows.ts";
import type { Orm } from "./orm.ts";

const NO_SETTINGS: StoredSettings = { thresholds: [], cycle: undefined };

/** Reads of thresholds and alerts, each a statement of its own and outside any transaction. */
export class AlertReader {
  readonly #orm: Orm;

  constructor(orm: Orm) {
    this.#orm = orm;
  }

  async settings(organizationId: string): Promise<StoredSettings> {
    const [owned] = await selectAlertSettings(this.#database, [organizationId]);
    return owned?.settings ?? NO_SETTINGS;
  }

  /** An organization's alerts after a number, in order. */
  after(organizationId: string, alertNumber: bigint, limit: number): Promise<readonly Alert[]> {
    return selectAlertsAfter(this.#database, organizationId, alertNumber, limit);
  }

  /** An organization's alerts before a number, newest first. */
  before(organizationId: string, alertNumber: bigint | undefined, limit: number): Promise<readonly Alert[]> {
    return selectAlertsBefore(this.#database, organizationId, alertNumber, limit);
  }

  /** The alerts of all organizations after a place in the sequence, in order. */
  async sequencedAfter(sequence: bigint, limit: number): Promise<readonly SequencedAlert[]> {
    const { rows } = await sql<AlertRow>`
      select * from alerts where sequence > ${sequence} order by sequence limit ${limit}`.execute(
      this.#database,
    );
    return rows.map((row) => ({ alert: fromRowAlert(row), sequence: BigInt(row.sequence ?? 0) }));
  }

  /** The number of the oldest alert that an organization still has. */
  async oldest(organizationId: string): Promise<bigint | undefined> {
    const [oldest] = await this.after(organizationId, 0n, 1);
    return oldest?.alertNumber;
  }

  /** The place of the oldest alert that there still is. */
  async oldestSequence(): Promise<bigint | undefined> {
    const [oldest] = await this.sequencedAfter(0n, 1);
    return oldest?.sequence;
  }

  get #database(): Kysely<unknown> {
    return this.#orm.em.fork().getKysely<unknown>();
  }
}
