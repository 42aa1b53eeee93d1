import { LockMode } from "@mikro-orm/core";
import type { EntityManager } from "@mikro-orm/postgresql";
import type { Time } from "../domain/time.ts";
import { AccountEntity } from "./account-entity.ts";
import { inTransaction } from "./database-transaction.ts";
import { readClock, saveTestClock, selectTestClocks } from "./organization-clock.ts";
import type { Orm } from "./orm.ts";
import { fromRowTimeOrNull } from "./timestamp.ts";

/** One database transaction over an organization's test clock, while nothing is decided for it. */
export class TestClockUnit {
  readonly #em: EntityManager;

  private constructor(em: EntityManager) {
    this.#em = em;
  }

  static run<T>(orm: Orm, work: (unit: TestClockUnit) => Promise<T>): Promise<T> {
    return inTransaction(orm, "write", (em) => work(new TestClockUnit(em)));
  }

  /** Locks the organization, if it is open; gives the time of its last change. */
  async lock(organizationId: string): Promise<Time | undefined> {
    const options = { lockMode: LockMode.PESSIMISTIC_WRITE };
    const row = await this.#em.findOne(AccountEntity, { organizationId }, options);
    return fromRowTimeOrNull(row?.updateTime ?? null);
  }

  /** What time it is: for the organization, where it has a clock, and for the database. */
  async times(organizationId: string): Promise<{ own: Time | undefined; database: Time }> {
    const database = await readClock(this.#em.getKysely(), "database", []);
    const clocks = await selectTestClocks(this.#em.getKysely(), [organizationId]);
    return { own: clocks.get(organizationId), database: database("") };
  }

  save(organizationId: string, time: Time): Promise<void> {
    return saveTestClock(this.#em.getKysely(), organizationId, time);
  }
}
