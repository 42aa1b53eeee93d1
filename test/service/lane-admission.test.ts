import { expect } from "chai";
import { LaneAdmission } from "../../src/service/lane-admission.ts";

const SETTINGS = {
  queueCommandsMax: 10_000,
  queueWaitMsMax: 1_000,
  standingWaitMsMax: 20,
};
const MANY_CALLS = 1_000;

/** Measured: a millisecond for each of a large batch. */
function measured(commandMs = 1): LaneAdmission {
  const admission = new LaneAdmission(SETTINGS);
  for (let batch = 0; batch < 50; batch += 1) admission.committed(200, 200 * commandMs);
  return admission;
}

/** As measured, and then with a queue that stands at `now`. */
function standing(now: number): LaneAdmission {
  const admission = measured();
  for (const ago of [150, 50, 0]) admission.taken(300, now - ago);
  return admission;
}

function asked(ahead: number, calls = MANY_CALLS) {
  return { mutates: true, waiting: ahead, ahead, calls };
}

describe("a lane's admission", () => {
  it("takes a burst that can be worked off in time, and refuses what would wait longer", () => {
    const admission = measured();
    expect(admission.refuses(asked(990), 0)).to.equal(false);
    expect(admission.refuses(asked(1_010), 0)).to.equal(true);
  });

  it("goes by what commands take: the same queue is short on a fast machine and long on a slow one", () => {
    expect(measured(0.1).refuses(asked(5_000), 0)).to.equal(false);
    expect(measured(10).refuses(asked(600), 0)).to.equal(true);
  });

  it("takes as many as make a batch, however slow things were", () => {
    expect(measured(100).refuses(asked(255), 0)).to.equal(false);
  });

  it("learns little from small batches, whose time is spent on what any batch takes", () => {
    const admission = measured();
    for (let batch = 0; batch < 100; batch += 1) admission.committed(1, 50);
    expect(admission.refuses(asked(990), 0)).to.equal(false);
  });

  it("takes only what waits a short time once its queue stands", () => {
    const admission = standing(1_000);
    expect(admission.refuses(asked(100), 1_000)).to.equal(false);
    expect(admission.refuses(asked(200), 1_000)).to.equal(true);
  });

  it("takes what is left behind once for a burst", () => {
    const admission = measured();
    admission.taken(300, 1_000);
    admission.taken(0, 1_300);
    admission.taken(300, 1_400);
    admission.taken(0, 1_700);
    expect(admission.refuses(asked(400), 1_700)).to.equal(false);
  });

  it("takes bursts again a second after the last refusal, and not before", () => {
    const admission = standing(1_000);
    expect(admission.refuses(asked(200), 1_000)).to.equal(true);
    admission.taken(0, 1_100);
    expect(admission.refuses(asked(200), 1_900)).to.equal(true);
    expect(admission.refuses(asked(200), 2_800)).to.equal(true);
    expect(admission.refuses(asked(200), 3_900)).to.equal(false);
  });

  it("takes a few calls of any size behind a standing queue", () => {
    expect(standing(0).refuses(asked(5_000, 3), 0)).to.equal(false);
  });

  it("bounds the queue whatever comes", () => {
    const full = { mutates: false, waiting: 10_000, ahead: 0, calls: 0 };
    expect(measured(0.001).refuses(full, 0)).to.equal(true);
  });

  it("refuses no reader for its wait", () => {
    expect(standing(0).refuses({ ...asked(5_000), mutates: false }, 0)).to.equal(false);
  });
});
