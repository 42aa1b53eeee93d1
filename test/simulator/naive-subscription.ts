import { monthsAfter } from "./naive-calendar.ts";
import type { Lot } from "./naive-credits.ts";
import type { Offer } from "./offer.ts";
import type { Period } from "./step.ts";

export type NaiveSchedule = { cancel: boolean; plan: number; period: Period; version: number };

/** A plan as somebody with a wall calendar and a price list would keep it. */
export class NaiveSubscription {
  readonly anchor: number;
  plan: number;
  period: Period;
  /** Of this cycle: its number from the anchor, what the plan gives, and the most that it has. */
  month: number;
  credits: number;
  most: number;
  /** The month that the paid term began with. */
  termMonth: number;
  state: "ACTIVE" | "PAST_DUE" | "ENDED" = "ACTIVE";
  skipped = false;
  suspended: Lot[] = [];
  schedule: NaiveSchedule | undefined;

  constructor(plan: number, period: Period, anchor: number, now: number, offer: Offer) {
    this.anchor = anchor;
    this.plan = plan;
    this.period = period;
    this.month = 0;
    while (monthsAfter(anchor, this.month) > now) this.month -= 1;
    while (monthsAfter(anchor, this.month + 1) <= now) this.month += 1;
    this.termMonth = this.month;
    while (period === "YEARLY" && this.termMonth % 12 !== 0) this.termMonth -= 1;
    this.credits = offer.plans[plan]?.[0] ?? 0;
    this.most = this.credits;
  }

  get live(): boolean {
    return this.state !== "ENDED";
  }

  get begins(): number {
    return monthsAfter(this.anchor, this.month);
  }

  get ends(): number {
    return monthsAfter(this.anchor, this.month + 1);
  }

  get termEnds(): number {
    return monthsAfter(this.anchor, this.termMonth + (this.period === "YEARLY" ? 12 : 1));
  }

  /** Goes into the next month; the plan gives what the price list says on that day. */
  turn(offer: Offer): void {
    const termEnds = this.ends === this.termEnds;
    const { schedule } = this;
    this.suspended = [];
    if (termEnds && schedule?.cancel) {
      this.state = "ENDED";
      this.schedule = undefined;
      return;
    }
    this.month += 1;
    if (termEnds) {
      this.termMonth = this.month;
      this.plan = schedule?.plan ?? this.plan;
      this.period = schedule?.period ?? this.period;
      this.schedule = undefined;
    }
    this.credits = offer.plans[this.plan]?.[0] ?? 0;
    this.most = this.credits;
    this.skipped = this.state === "PAST_DUE";
  }

  /** What an upgrade gives for the rest of the month: rounded up, and counted on top of the best plan so far. */
  difference(plan: number, now: number, offer: Offer): number {
    const more = (offer.plans[plan]?.[0] ?? 0) - this.most;
    if (more <= 0) return 0;
    const product = more * (this.ends - now);
    const whole = this.ends - this.begins;
    const rest = product % whole;
    return (product - rest) / whole + (rest > 0 ? 1 : 0);
  }
}
