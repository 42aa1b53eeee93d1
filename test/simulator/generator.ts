import { OFFERS } from "./offer.ts";
import type { Random } from "./random.ts";
import type { Landmark, LotKind, Period, Script, Step } from "./step.ts";

const SECOND = 1_000_000;
const DAY = 86_400 * SECOND;
const KINDS: readonly LotKind[] = ["SUBSCRIPTION", "PROMOTIONAL", "PURCHASED"];
const PERIODS: readonly Period[] = ["MONTHLY", "MONTHLY", "YEARLY"];
/** Exactly on a landmark, a microsecond, a millisecond and more around it. */
const OFFSETS: readonly number[] = [0, 0, 0, -1, 1, -1_000, 1_000, -SECOND, 5 * DAY];
const LANDMARKS: readonly Landmark[] = ["boundary", "boundary", "hold", "grant"];
/** Days on which months differ, and one on which they do not. */
const STARTS = ["2027-01-31", "2028-01-30", "2028-02-29", "2027-02-28", "2026-12-31", "2027-06-15"];

type Maker = (random: Random) => Step;

/** How often each kind of step comes, and what it is made of. */
const MAKERS: readonly (readonly [weight: number, make: Maker])[] = [
  [
    10,
    (r) => ({
      do: "wait",
      micros: r.pick([1, 1_000, SECOND, 600 * SECOND, DAY, 9 * DAY]) * (1 + r.below(3)),
    }),
  ],
  [
    14,
    (r) => ({
      do: "jump",
      to: r.pick(LANDMARKS),
      offset: r.pick(OFFSETS),
      further: r.percent(6) ? r.below(15) : 0,
    }),
  ],
  [5, grant],
  [
    6,
    (r) => ({
      do: "purchase",
      pack: r.percent(60) ? r.below(3) : undefined,
      amount: 1 + r.below(40),
      reference: r.below(30),
    }),
  ],
  [2, (r) => ({ do: "void", lot: r.below(60), debt: r.percent(50) })],
  [2, (r) => ({ do: "refundPurchase", reference: r.below(30), debt: r.percent(50) })],
  [16, (r) => ({ do: "reserve", amount: r.below(45), lasting: lasting(r), run: r.below(4) })],
  [
    3,
    (r) => ({
      do: "batch",
      amounts: [r.below(20), r.below(20), r.below(9)],
      lasting: lasting(r),
      run: r.below(4),
    }),
  ],
  [
    4,
    (r) => ({
      do: "extend",
      reservation: r.below(12),
      amount: r.below(20),
      lasting: r.percent(60) ? lasting(r) : undefined,
    }),
  ],
  [12, (r) => ({ do: "settle", reservation: r.below(12), amount: r.below(r.percent(15) ? 120 : 35) })],
  [5, (r) => ({ do: "release", reservation: r.below(12) })],
  [1, (r) => ({ do: "releaseRun", run: r.below(4) })],
  [8, (r) => ({ do: "charge", amount: r.below(r.percent(20) ? 150 : 40), allowDebt: r.percent(40) })],
  [
    8,
    (r) => ({ do: "refund", reservation: r.below(12), amount: r.percent(40) ? undefined : 1 + r.below(25) }),
  ],
  [4, subscribe],
  [
    7,
    (r) => ({
      do: "change",
      plan: r.below(5),
      period: r.pick(PERIODS),
      members: r.below(8),
      callback: callback(r),
    }),
  ],
  [1, (r) => ({ do: "withdraw", callback: callback(r) })],
  [1, (r) => ({ do: "cancel", callback: callback(r) })],
  [2, (r) => ({ do: "suspend", voidCycle: r.percent(50), callback: callback(r) })],
  [3, (r) => ({ do: "resume", callback: callback(r) })],
  [2, (r) => ({ do: "late", callback: r.below(60) })],
  [1, (r) => ({ do: "publish", offer: r.below(OFFERS.length) })],
  [2, (r) => ({ do: "repeat", changed: r.percent(30) })],
];

const WEIGHT = MAKERS.reduce((sum, [weight]) => sum + weight, 0);

/** A script of so many steps. */
export function generate(random: Random, length: number): Script {
  const start = Date.parse(random.pick(STARTS)) * 1_000 + random.below(86_400) * SECOND;
  const steps: Step[] = [random.percent(70) ? subscribe(random) : grant(random)];
  while (steps.length < length) steps.push(step(random));
  return { start, steps };
}

function step(random: Random): Step {
  let at = random.below(WEIGHT);
  for (const [weight, make] of MAKERS) {
    if (at < weight) return make(random);
    at -= weight;
  }
  throw new Error("the weights do not add up");
}

function grant(random: Random): Step {
  const kind = random.pick(KINDS);
  const expires = kind === "SUBSCRIPTION" || (kind === "PROMOTIONAL" && random.percent(70));
  const days = random.pick([0, 1, 7, 28, 31, 60]);
  const amount = 1 + random.below(50);
  return {
    do: "grant",
    kind,
    amount,
    lasting: expires ? days * DAY : undefined,
    reference: random.below(30),
  };
}

function subscribe(random: Random): Step {
  const anchor = random.pick([undefined, 0, -DAY, -31 * DAY, -400 * DAY, 20 * DAY, -9_999 * DAY, 40 * DAY]);
  const period = random.pick(PERIODS);
  return { do: "subscribe", plan: random.below(5), period, anchor, callback: callback(random) };
}

/** Mostly one of its own; the lowest ones are payments' too. */
function callback(random: Random): number | undefined {
  return random.percent(50) ? random.below(random.percent(10) ? 6 : 600) : undefined;
}

function lasting(random: Random): number {
  return random.pick([SECOND, 900 * SECOND, DAY, 7 * DAY]);
}
