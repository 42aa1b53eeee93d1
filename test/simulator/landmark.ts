import { sizeOf } from "./naive-credits.ts";
import { type NaiveLedger, WEEK } from "./naive-ledger.ts";
import type { Landmark, Step } from "./step.ts";

/** The clock after a step. Time does not run back: what lies behind is only looked at again. */
export function moved(clock: number, step: Step, naive: NaiveLedger): number {
  if (step.do === "wait") return clock + step.micros;
  if (step.do !== "jump") return clock;
  const landmark = landmarkOf(clock, naive, step.to, step.further);
  return landmark === undefined ? clock : Math.max(clock, landmark + step.offset);
}

function landmarkOf(clock: number, naive: NaiveLedger, to: Landmark, further: number): number | undefined {
  const { subscription, reservations, credits } = naive;
  if (to === "boundary") {
    const ends = subscription?.live ? subscription.ends : undefined;
    return ends && ends + further * 30 * (WEEK / 7);
  }
  const times =
    to === "hold"
      ? reservations.filter(({ state }) => state === "HELD").map(({ expires }) => expires)
      : credits.lots.filter((lot) => sizeOf(lot, "free") > 0).map(({ expires }) => expires);
  const ahead = times.filter((time) => time > clock && Number.isFinite(time)).sort((a, b) => a - b);
  return ahead[further % Math.max(ahead.length, 1)];
}
