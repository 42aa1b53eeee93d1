import { DAY, type Time } from "../domain/time.ts";
import type { Orm } from "../storage/orm.ts";
import { TestClockUnit } from "../storage/test-clock-unit.ts";
import { guarded } from "./guarded.ts";
import type { Lanes } from "./lanes.ts";
import type { Answer } from "./receipt.ts";

export type TestClockRefusal =
  | Readonly<{ reason: "TEST_CLOCK_NOT_FOUND"; organizationId: string }>
  | Readonly<{ reason: "TEST_CLOCK_OUT_OF_RANGE"; time: Time; earliest: Time; latest: Time }>;

/** Far enough for every test, and not so far that a calendar ends. */
const LEAD_MAX = 36_525n * DAY;

/**
 * Clocks of single organizations, which stand still until a test sets them
 * forward. They are for tests alone: whoever may set one can let credits expire.
 * So there are none unless a server was started with them.
 */
export class TestClocks {
  readonly #orm: Orm;
  readonly #lanes: Lanes;

  constructor(orm: Orm, lanes: Lanes) {
    this.#orm = orm;
    this.#lanes = lanes;
  }

  /** Answers once everything that is due by then is recorded. From then on, the organization's time is this one. */
  async advance(organizationId: string, time: Time): Promise<Answer<Time, TestClockRefusal>> {
    const refusal = await guarded(() =>
      TestClockUnit.run(this.#orm, (unit) => set(unit, organizationId, time)),
    );
    if (refusal) return { refusal };
    await this.#lanes.submit({ organizationId, request: undefined });
    return { value: time };
  }

  get(organizationId: string): Promise<Answer<Time, TestClockRefusal>> {
    return guarded(() =>
      TestClockUnit.run(this.#orm, async (unit) => {
        const { own } = await unit.times(organizationId);
        return own === undefined
          ? { refusal: { reason: "TEST_CLOCK_NOT_FOUND", organizationId } }
          : { value: own };
      }),
    );
  }
}

/** A clock begins now or later, and no earlier than what has happened; then it only goes forward. */
async function set(
  unit: TestClockUnit,
  organizationId: string,
  time: Time,
): Promise<TestClockRefusal | undefined> {
  const lastChange = (await unit.lock(organizationId)) ?? 0n;
  const { own, database } = await unit.times(organizationId);
  const begin = own ?? database;
  const earliest = begin > lastChange ? begin : lastChange;
  const latest = database + LEAD_MAX;
  if (time < earliest || time > latest) return { reason: "TEST_CLOCK_OUT_OF_RANGE", time, earliest, latest };
  await unit.save(organizationId, time);
  return undefined;
}
