import { expect } from "chai";
import type { BatchItem, Outcome } from "../../src/service/batch.ts";
import { Lane, type LaneSettings } from "../../src/service/lane.ts";
import { type Batch, done, ScriptedDatabase, ScriptedFault } from "./support/scripted-database.ts";
import { until } from "./support/until.ts";

const SETTINGS: LaneSettings = {
  batchCommandsMax: 32,
  queueCommandsMax: 10_000,
  queueWaitMsMax: 1_000,
  standingWaitMsMax: 25,
  retryAttemptsMax: 3,
  scope: "many",
};

type Numbered = BatchItem & { number: number };

describe("a lane", () => {
  it("gathers what comes while a batch is in flight into the next one", async () => {
    const database = new ScriptedDatabase();
    const lane = new Lane(database, SETTINGS);
    database.shut();
    const first = lane.submit(item("a", 0));
    await until(() => database.batches.length === 1);
    const others = [1, 2, 3].map((number) => lane.submit(item("a", number)));
    database.open();
    await Promise.all([first, ...others]);
    expect(database.batches.map(numbers)).to.deep.equal([[0], [1, 2, 3]]);
  });

  it("keeps the order of an organization, over batches of a bounded size", async () => {
    const database = new ScriptedDatabase();
    const lane = new Lane(database, SETTINGS);
    await Promise.all(range(100).map((number) => lane.submit(item("a", number))));
    expect(database.batches.flatMap(numbers)).to.deep.equal(range(100));
    expect(database.batches.every((batch) => batch.length <= 32)).to.equal(true);
  });

  it("lets organizations take turns: one with 1,000 waiting delays another by one batch at the most", async () => {
    const database = new ScriptedDatabase();
    const lane = new Lane(database, SETTINGS);
    database.shut();
    const crowd = range(1_000).map((number) => lane.submit(item("crowd", number)));
    await until(() => database.batches.length === 1);
    const late = ["b", "c"].flatMap((id) => range(3).map((number) => lane.submit(item(id, number))));
    database.open();
    await Promise.all([...crowd, ...late]);
    const second = database.batches[1] ?? [];
    expect(second.filter(({ organizationId }) => organizationId !== "crowd")).to.have.length(6);
  });

  it("serves more organizations than a batch takes, each before any has its second turn", async () => {
    const database = new ScriptedDatabase();
    const lane = new Lane(database, SETTINGS);
    const ids = range(80).map((number) => `o${number}`);
    await Promise.all([0, 1].flatMap((round) => ids.map((id) => lane.submit(item(id, round)))));
    const order = database.batches.flat().map(({ organizationId }) => organizationId);
    expect(new Set(order.slice(0, 80)).size).to.equal(80);
    expect(order).to.have.length(160);
  });

  it("takes one organization at a time where its scope is one", async () => {
    const database = new ScriptedDatabase();
    const lane = new Lane(database, { ...SETTINGS, scope: "one" });
    await Promise.all(["a", "b", "a", "c", "b"].map((id, number) => lane.submit(item(id, number))));
    expect(database.batches.map(numbers)).to.deep.equal([[0, 2], [1, 4], [3]]);
  });

  it("drops who leaves while waiting, with the reason, and keeps who leaves later", async () => {
    const database = new ScriptedDatabase();
    const lane = new Lane(database, SETTINGS);
    const [early, late] = [new AbortController(), new AbortController()];
    database.shut();
    const taken = lane.submit(item("a", 0), late.signal);
    await until(() => database.batches.length === 1);
    const waiting = lane.submit(item("a", 1), early.signal);
    const next = lane.submit(item("a", 2));
    const dropped = failure(waiting);
    early.abort(new Error("left"));
    late.abort(new Error("too late"));
    database.open();
    expect(await dropped).to.have.property("message", "left");
    await Promise.all([taken, next]);
    expect(database.batches.map(numbers)).to.deep.equal([[0], [2]]);
  });

  it("refuses what comes when enough is waiting, and takes more once there is room", async () => {
    const database = new ScriptedDatabase();
    const lane = new Lane(database, { ...SETTINGS, queueCommandsMax: 2 });
    database.shut();
    const first = lane.submit(item("a", 0));
    await until(() => database.batches.length === 1);
    const waiting = [1, 2].map((number) => lane.submit(item("a", number)));
    expect(await failure(lane.submit(item("b", 3)))).to.include({ fault: "OVERLOADED" });
    database.open();
    await Promise.all([first, ...waiting]);
    expect(await lane.submit(item("b", 4))).to.deep.equal({ outcome: "current" });
  });

  it("begins the next batch before it has given all answers of the last one, and drains once it has", async () => {
    const database = new ScriptedDatabase();
    const answeredAtBegin: number[] = [];
    let answered = 0;
    const commit = (batch: Batch) => {
      answeredAtBegin.push(answered);
      return database.commit(batch);
    };
    const lane = new Lane({ commit, faultOf: () => undefined }, SETTINGS);
    const items = range(64).map(async (number) => {
      await lane.submit(item("a", number));
      answered += 1;
    });
    await lane.drain();
    expect(answeredAtBegin[1]).to.be.lessThan(32);
    expect(answered).to.equal(64);
    await Promise.all(items);
  });

  it("drains: takes no more, and ends what waits", async () => {
    const database = new ScriptedDatabase();
    const lane = new Lane(database, SETTINGS);
    const waiting = range(100).map((number) => lane.submit(item("a", number)));
    const drained = lane.drain();
    expect(await failure(lane.submit(item("a", 100)))).to.include({ fault: "DRAINING" });
    await drained;
    expect(database.batches.flat()).to.have.length(100);
    await Promise.all(waiting);
  });
});

describe("a lane whose batch fails", () => {
  it("fails the culprit alone, and keeps the order of the others", async () => {
    const database = new ScriptedDatabase((batch) => {
      if (numbers(batch).includes(1)) throw new Error("culprit");
      return done(batch);
    });
    const lane = new Lane(database, SETTINGS);
    const outcomes = await Promise.allSettled(range(4).map((number) => lane.submit(item("a", number))));
    expect(outcomes.map(({ status }) => status)).to.deep.equal([
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
    ]);
    expect(database.batches.map(numbers)).to.deep.equal([[0, 1, 2, 3], [0], [1], [2], [3]]);
  });

  it("fails alone what a batch says has failed, without a second try", async () => {
    const database = new ScriptedDatabase((batch) =>
      numbers(batch).map((number) =>
        number === 1 ? { outcome: "failed", error: new Error("culprit") } : { outcome: "current" },
      ),
    );
    const lane = new Lane(database, SETTINGS);
    const outcomes = await Promise.allSettled(range(3).map((number) => lane.submit(item("a", number))));
    expect(outcomes.map(({ status }) => status)).to.deep.equal(["fulfilled", "rejected", "fulfilled"]);
    expect(database.batches).to.have.length(1);
  });

  it("tries the whole batch again while the database is away", async () => {
    const database = new ScriptedDatabase((batch, attempt) => {
      if (attempt < 3) throw new ScriptedFault("away");
      return done(batch);
    });
    const lane = new Lane(database, SETTINGS);
    await Promise.all(range(3).map((number) => lane.submit(item("a", number))));
    expect(database.batches.map(numbers)).to.deep.equal([
      [0, 1, 2],
      [0, 1, 2],
      [0, 1, 2],
    ]);
  });

  it("says that the database is unavailable once it has been away too often, with the cause", async () => {
    const cause = new ScriptedFault("away");
    const database = new ScriptedDatabase(() => {
      throw cause;
    });
    const lane = new Lane(database, SETTINGS);
    const errors = await Promise.all(range(2).map((number) => failure(lane.submit(item("a", number)))));
    for (const error of errors) {
      expect(error).to.include({ name: "ServiceError", fault: "DATABASE_UNAVAILABLE", cause });
      expect(error).to.have.property("retryAfterMs").that.is.greaterThan(0);
    }
    expect(database.batches).to.have.length(3);
  });

  it("asks no more for the others when the database goes away while they are tried one at a time", async () => {
    const database = new ScriptedDatabase((batch) => {
      throw batch.length > 1 ? new Error("culprit") : new ScriptedFault("away");
    });
    const lane = new Lane(database, SETTINGS);
    const errors = await Promise.all(range(20).map((number) => failure(lane.submit(item("a", number)))));
    for (const error of errors) expect(error).to.include({ fault: "DATABASE_UNAVAILABLE" });
    expect(database.batches).to.have.length(1 + SETTINGS.retryAttemptsMax);
  });

  it("lets nobody else wait for an organization whose row stays locked", async () => {
    const database = new ScriptedDatabase((batch) => {
      if (batch.some(({ organizationId }) => organizationId === "locked")) throw new ScriptedFault("locked");
      return done(batch);
    });
    const lane = new Lane(database, SETTINGS);
    const free = Promise.all(["a", "b"].map((id, number) => lane.submit(item(id, number))));
    const locked = range(5).map((number) => failure(lane.submit(item("locked", 10 + number))));
    await free;
    for (const error of await Promise.all(locked))
      expect(error).to.include({ fault: "DATABASE_UNAVAILABLE" });
    const tries = database.batches.filter((batch) => numbers(batch).join() === "10");
    expect(tries, "the first one tells for the others").to.have.length(SETTINGS.retryAttemptsMax);
    expect(database.batches).to.have.length(1 + 2 + SETTINGS.retryAttemptsMax);
  });

  it("tries a command that takes the database too long once more, alone", async () => {
    const database = new ScriptedDatabase((batch) => {
      if (numbers(batch).includes(1)) throw new ScriptedFault("slow");
      return done(batch);
    });
    const lane = new Lane(database, SETTINGS);
    const [first, slow, last] = range(3).map((number) => lane.submit(item("a", number)));
    expect(await failure(slow)).to.include({ fault: "DATABASE_UNAVAILABLE" });
    await Promise.all([first, last]);
    expect(database.batches.map(numbers)).to.deep.equal([[0, 1, 2], [0], [1], [2]]);
  });

  it("asks no more for the others when the database hangs, and drops who has left", async () => {
    const leaving = new AbortController();
    const database = new ScriptedDatabase((batch) => {
      if (batch.length === 1) leaving.abort(new Error("left"));
      throw new ScriptedFault("slow");
    });
    const lane = new Lane(database, SETTINGS);
    const others = range(10).map((number) => failure(lane.submit(item("a", number))));
    const left = failure(lane.submit(item("b", 20), leaving.signal));
    for (const error of await Promise.all(others))
      expect(error).to.include({ fault: "DATABASE_UNAVAILABLE" });
    expect(await left).to.have.property("message", "left");
    expect(database.batches.map(numbers).slice(1), "three are enough to tell").to.deep.equal([[0], [1], [2]]);
  });

  it("ends all who wait when it drains while the database is away", async () => {
    const database = new ScriptedDatabase(() => {
      throw new ScriptedFault("away");
    });
    const lane = new Lane(database, SETTINGS);
    const waiting = range(200).map((number) => failure(lane.submit(item("a", number))));
    await lane.drain();
    for (const error of await Promise.all(waiting))
      expect(error).to.include({ fault: "DATABASE_UNAVAILABLE" });
    expect(database.batches).to.have.length(SETTINGS.retryAttemptsMax);
  });

  for (const alone of [false, true]) {
    it(`keeps the order of what is postponed${alone ? ", also where items are tried one at a time" : ""}`, async () => {
      const finished: number[] = [];
      let left = 2;
      const database = new ScriptedDatabase((batch, attempt) => {
        if (alone && attempt === 1) throw new Error("culprit");
        if (batch.some(({ organizationId }) => organizationId === "due") && left > 0) {
          left -= 1;
          return batch.map(({ organizationId }) => outcomeOf(organizationId));
        }
        finished.push(...numbers(batch.filter(({ organizationId }) => organizationId === "due")));
        return done(batch);
      });
      const lane = new Lane(database, SETTINGS);
      await Promise.all([
        ...range(6).map((number) => lane.submit(item("due", number))),
        lane.submit(item("b", 10)),
      ]);
      expect(finished).to.deep.equal(range(6));
    });
  }
});

function outcomeOf(organizationId: string): Outcome {
  return organizationId === "due" ? { outcome: "postponed" } : { outcome: "current" };
}

function item(organizationId: string, number: number): BatchItem {
  const numbered: Numbered = { organizationId, request: undefined, number };
  return numbered;
}

function numbers(batch: Batch): number[] {
  return batch.map((each) => ("number" in each ? Number(each.number) : -1));
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

async function failure(promise: Promise<unknown> | undefined): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}
