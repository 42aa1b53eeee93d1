import { setImmediate } from "node:timers/promises";
import { expect } from "chai";
import type { BatchItem, Outcome } from "../../src/service/batch.ts";
import { Lane, type LaneSettings, type LaneTelemetry } from "../../src/service/lane.ts";
import { type Batch, ScriptedDatabase } from "./support/scripted-database.ts";
import { until } from "./support/until.ts";

const IN_FLIGHT = 256;
const CALLS = 40;
const TURNS = 32;
const SETTINGS: LaneSettings = {
  batchCommandsMax: 128,
  queueCommandsMax: 10_000,
  queueWaitMsMax: 1_000,
  standingWaitMsMax: 25,
  retryAttemptsMax: 3,
  scope: "many",
};

describe("a lane with one organization at full load", () => {
  it("lets another's call wait for the batch in flight, and no other", async () => {
    const database = new ScriptedDatabase();
    // As a database does, it takes longer than the answers to the batch before.
    const commit = async (batch: Batch) => {
      const outcomes = await database.commit(batch);
      for (let turn = 0; turn < TURNS; turn += 1) await setImmediate();
      return outcomes;
    };
    const lane = new Lane({ commit, faultOf: () => undefined }, SETTINGS);
    let over = false;
    const crowd = Array.from({ length: IN_FLIGHT }, async () => {
      while (!over) await lane.submit(item("crowd"));
    });
    await until(() => database.batches.length > 2);
    for (let call = 0; call < CALLS; call += 1) {
      const before = database.batches.length;
      await lane.submit(item("late"));
      const waitedFor = database.batches.slice(before).findIndex((batch) => has(batch, "late"));
      expect(waitedFor, "its batch is the next to begin").to.equal(0);
    }
    over = true;
    await Promise.all(crowd);
    expect(
      database.batches.filter((batch) => batch.length === SETTINGS.batchCommandsMax).length,
    ).to.be.greaterThan(CALLS / 2);
  });

  it("tells how long the first of an organization waits, apart from those behind it", async () => {
    const database = new ScriptedDatabase();
    const told: string[] = [];
    const batches: number[] = [];
    const telemetry: LaneTelemetry = {
      commandTaken: (turn, waitMs) => told.push(`${turn} ${waitMs >= 0}`),
      batchEnded: (elapsedMs) => batches.push(elapsedMs),
    };
    const lane = new Lane(database, SETTINGS, telemetry);
    await Promise.all(["a", "a", "b", "a"].map((id) => lane.submit(item(id))));
    expect(told.toSorted()).to.deep.equal(["first true", "first true", "later true", "later true"]);
    expect(batches).to.have.length(1);
  });
});

describe("a lane with more work than it can do", () => {
  let database: ScriptedDatabase;
  let lane: Lane;
  let answers: Promise<Outcome>[];

  beforeEach(async () => {
    database = new ScriptedDatabase();
    // Beyond 256, whatever commands take.
    lane = new Lane(database, { ...SETTINGS, queueWaitMsMax: 1 });
    database.shut();
    answers = [lane.submit(item("crowd"))];
    await until(() => database.batches.length === 1);
  });

  afterEach(async () => {
    database.open();
    await Promise.all(answers);
  });

  /** Until one would be refused. */
  function fill(): void {
    while (!lane.refuses("crowd")) answers.push(lane.submit(item("crowd")));
  }

  it("refuses those of the organization that has too many, and takes another's", async () => {
    expect(lane.mayRefuse).to.equal(false);
    fill();
    expect(lane.mayRefuse, "told as soon as it is so, though no batch was taken since").to.equal(true);
    expect(["late", "crowd"].map((id) => lane.refuses(id))).to.deep.equal([false, true]);
    answers.push(lane.submit(item("late")));
    expect(await failure(lane.submit(item("crowd")))).to.include({ fault: "OVERLOADED" });
  });

  it("gives the places of those who have left to others", async () => {
    const leaver = new AbortController();
    const left = lane.submit(item("crowd"), leaver.signal);
    left.catch(() => undefined);
    fill();
    leaver.abort(new Error("left"));
    // Looking for those who have left is not done for each refusal.
    await until(() => !lane.refuses("crowd"));
    answers.push(lane.submit(item("crowd")));
    expect(await failure(left)).to.have.property("message", "left");
  });

  it("takes a call whole, or refuses it whole", async () => {
    const whole = new AbortController().signal;
    const many = Array.from({ length: 1_000 }, () => lane.submit(item("bulk"), whole));
    answers.push(...many);
    fill();
    const { signal } = new AbortController();
    const others = Array.from({ length: 10 }, () => failure(lane.submit(item("crowd"), signal)));
    for (const error of await Promise.all(others)) expect(error).to.include({ fault: "OVERLOADED" });
  });
});

function item(organizationId: string): BatchItem {
  const request = {
    organizationId,
    requestId: "",
    actor: "",
    fingerprint: "",
    command: { kind: "releaseReservation", reservationId: "" },
  } as const;
  return { organizationId, request };
}

function has(batch: Batch, organizationId: string): boolean {
  return batch.some((each) => each.organizationId === organizationId);
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}
