import { expect } from "chai";
import type { BatchItem, Outcome } from "../../src/service/batch.ts";
import { Lane, type LaneSettings } from "../../src/service/lane.ts";
import type { LaneDatabase } from "../../src/service/lane-recovery.ts";
import { type Batch, done, ScriptedFault } from "./support/scripted-database.ts";
import { until } from "./support/until.ts";

const SETTINGS: LaneSettings = {
  batchCommandsMax: 512,
  queueCommandsMax: 10_000,
  queueWaitMsMax: 1_000,
  standingWaitMsMax: 25,
  retryAttemptsMax: 3,
  scope: "many",
};
/** So many are worth a batch ahead. */
const MANY = 64;

type Numbered = BatchItem & { number: number };
type Sent = Readonly<{
  batch: Batch;
  follows: boolean;
  writing: () => void;
  resolve: (outcomes: readonly Outcome[]) => void;
  reject: (error: unknown) => void;
}>;

/** A database that has batches sent ahead; what becomes of them is up to the test. */
class FollowedDatabase implements LaneDatabase {
  readonly sent: Sent[] = [];

  readonly commit = (batch: Batch, writing: () => void) => this.#send(batch, writing, false);
  readonly commitNext = (batch: Batch, writing: () => void) => this.#send(batch, writing, true);
  readonly faultOf = (error: unknown) => (error instanceof ScriptedFault ? error.fault : undefined);

  #send(batch: Batch, writing: () => void, follows: boolean): Promise<readonly Outcome[]> {
    return new Promise((resolve, reject) => this.sent.push({ batch, writing, follows, resolve, reject }));
  }

  /** The batch that was sent at this place. */
  async at(place: number): Promise<Sent> {
    await until(() => this.sent.length > place);
    const sent = this.sent[place];
    if (!sent) throw new Error("nothing was sent");
    return sent;
  }

  /** All that come from this place on are committed. */
  async finish(from: number, items: readonly Promise<unknown>[]): Promise<void> {
    let over = false;
    const all = Promise.allSettled(items).then(() => {
      over = true;
    });
    for (let place = from; !over; place += 1) {
      await until(() => over || this.sent.length > place);
      const sent = this.sent[place];
      sent?.resolve(done(sent.batch));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await all;
  }
}

describe("a lane that has the next batch at hand", () => {
  let database: FollowedDatabase;
  let lane: Lane;
  let items: Promise<Outcome>[];

  beforeEach(() => {
    database = new FollowedDatabase();
    lane = new Lane(database, SETTINGS);
    items = [];
  });

  const submit = (organizationId: string, from: number, count: number): void => {
    for (let number = from; number < from + count; number += 1) {
      const numbered: Numbered = { organizationId, request: undefined, number };
      items.push(lane.submit(numbered));
    }
  };

  it("sends it when the one before is being written, with all that wait by then", async () => {
    submit("a", 0, 1);
    const first = await database.at(0);
    submit("a", 1, MANY);
    expect(database.sent).to.have.length(1);
    first.writing();
    const second = await database.at(1);
    expect(second.follows).to.equal(true);
    expect(numbers(second.batch)).to.deep.equal(range(1, MANY));
    submit("a", MANY + 1, MANY);
    first.writing();
    expect(database.sent).to.have.length(2);
    second.writing();
    first.resolve(done(first.batch));
    const third = await database.at(2);
    expect(third.follows).to.equal(true);
    expect(numbers(third.batch)).to.deep.equal(range(MANY + 1, MANY));
    await database.finish(1, items);
  });

  it("waits for more where few wait", async () => {
    submit("a", 0, 1);
    const first = await database.at(0);
    submit("a", 1, 2);
    first.writing();
    submit("a", 3, 2);
    first.resolve(done(first.batch));
    const second = await database.at(1);
    expect(second.follows).to.equal(false);
    expect(numbers(second.batch)).to.deep.equal([1, 2, 3, 4]);
    await database.finish(1, items);
  });

  it("tries nothing that follows a failed batch before that one is done, and keeps the order", async () => {
    submit("a", 0, 2);
    const first = await database.at(0);
    submit("a", 2, MANY);
    first.writing();
    const second = await database.at(1);
    first.reject(new ScriptedFault("away"));
    second.reject(new Error("not tried"));
    const again = await database.at(2);
    expect(numbers(again.batch)).to.deep.equal([0, 1]);
    expect(again.follows).to.equal(false);
    submit("a", MANY + 2, 1);
    again.resolve(done(again.batch));
    const rest = await database.at(3);
    expect(rest.follows).to.equal(false);
    expect(numbers(rest.batch)).to.deep.equal(range(2, MANY + 1));
    await database.finish(3, items);
    expect((await Promise.all(items)).every(({ outcome }) => outcome === "current")).to.equal(true);
  });

  it("puts back who was postponed in the order in which they came", async () => {
    submit("a", 0, 2);
    submit("b", 0, 1);
    const first = await database.at(0);
    submit("a", 2, MANY);
    first.writing();
    const second = await database.at(1);
    submit("a", MANY + 2, MANY);
    first.resolve(first.batch.map(({ organizationId }) => outcomeOf(organizationId)));
    second.writing();
    // Nothing overtakes those who wait for their turn.
    await items[2];
    expect(database.sent).to.have.length(2);
    second.resolve(second.batch.map(({ organizationId }) => outcomeOf(organizationId)));
    const third = await database.at(2);
    expect(numbers(third.batch)).to.deep.equal(range(0, 2 * MANY + 2));
    await database.finish(2, items);
  });

  it("tries nobody alone before those who were postponed", async () => {
    submit("a", 0, 2);
    const first = await database.at(0);
    submit("a", 2, MANY);
    first.writing();
    const second = await database.at(1);
    first.resolve(first.batch.map(() => ({ outcome: "postponed" })));
    second.reject(new ScriptedFault("away"));
    const third = await database.at(2);
    expect(numbers(third.batch)).to.deep.equal(range(0, MANY + 2));
    await database.finish(2, items);
  });

  it("counts those at hand among who waits", async () => {
    lane = new Lane(database, { ...SETTINGS, queueCommandsMax: MANY });
    submit("a", 0, 1);
    const first = await database.at(0);
    submit("a", 1, MANY);
    first.writing();
    await database.at(1);
    submit("a", MANY + 1, 1);
    const refused = await items.at(-1)?.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refused).to.include({ fault: "OVERLOADED" });
    await database.finish(0, items);
  });
});

function outcomeOf(organizationId: string): Outcome {
  return { outcome: organizationId === "a" ? "postponed" : "current" };
}

function range(from: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}

function numbers(batch: Batch): readonly number[] {
  return batch.map((item) => (item as Numbered).number);
}
