import { expect } from "chai";
import type { Purchase } from "../../../src/domain/ledger/command.ts";
import { recordDue } from "../../../src/domain/ledger/due.ts";
import { type Catalogue, findPlan } from "../../../src/domain/plans/catalogue.ts";
import type { LimitCounts } from "../../../src/domain/plans/limit.ts";
import { type BillingPeriod, NO_LIMITS, type Plan } from "../../../src/domain/plans/plan.ts";
import {
  type PlanChange,
  type PlanChangeOutcome,
  planChange,
} from "../../../src/domain/plans/plan-change.ts";
import type { Subscription } from "../../../src/domain/plans/subscription.ts";
import type { Time } from "../../../src/domain/time.ts";
import { Book } from "./book.ts";
import { CATALOGUE } from "./catalogue.ts";
import { type Amount, micros } from "./wording.ts";

/** A moment by its text in UTC: `2027-02-28` or `2027-02-28T12:00Z`. */
export function at(text: string): Time {
  return BigInt(Date.parse(text)) * 1_000n;
}

export function textOf(time: Time): string {
  return new Date(Number(time / 1_000n)).toISOString().replace("T00:00:00.000Z", "");
}

/** A book in which plans are on offer. It begins at the time given. */
export class PlanBook extends Book {
  readonly catalogues: Catalogue[] = [CATALOGUE];

  constructor(begin = "2026-11-01") {
    super();
    this.clock = at(begin);
  }

  override catalogueAt(time: Time): Catalogue {
    return this.catalogues.findLast(({ effectiveTime }) => effectiveTime <= time) ?? CATALOGUE;
  }

  /** A new version of the catalogue, from now on, with one plan edited. */
  edit(planId: string, change: Partial<Plan>): void {
    const last = this.catalogueAt(this.now);
    const plans = last.plans.map((plan) => (plan.planId === planId ? { ...plan, ...change } : plan));
    this.catalogues.push({ ...last, plans, version: last.version + 1, effectiveTime: this.now });
  }

  subscribe(planId: string, billingPeriod: BillingPeriod = "MONTHLY", anchor?: string): string[] {
    const anchorTime = anchor === undefined ? undefined : at(anchor);
    return this.apply({ kind: "createSubscription", planId, billingPeriod, anchorTime });
  }

  change(
    planId: string,
    billingPeriod: BillingPeriod = "MONTHLY",
    counts: Partial<LimitCounts> = {},
  ): string[] {
    return this.apply({ kind: "changePlan", planId, billingPeriod, counts: { ...NO_LIMITS, ...counts } });
  }

  preview(planId: string, billingPeriod: BillingPeriod = "MONTHLY"): PlanChangeOutcome {
    const { now } = this;
    const version = this.ledger.account.version + 1n;
    const wish = { planId, billingPeriod, counts: NO_LIMITS };
    return planChange(this.subscription, wish, { catalogue: this.catalogueAt(now), now, version });
  }

  withdraw(): string[] {
    return this.apply({ kind: "withdrawPlanChange" });
  }

  cancel(): string[] {
    return this.apply({ kind: "cancelSubscription", reason: "enough" });
  }

  suspend(voidCycle = false): string[] {
    return this.apply({ kind: "suspendSubscription", voidCycle, reason: "card declined" });
  }

  resume(): string[] {
    return this.apply({ kind: "resumeSubscription" });
  }

  purchase(purchase: Purchase, reference: string): string[] {
    return this.apply({ kind: "purchaseCredits", purchase, reference });
  }

  refundPurchase(reference: string, spentBecomesDebt = false): string[] {
    return this.apply({ kind: "refundPurchase", reference, spentBecomesDebt, reason: "refund" });
  }

  refund(nodeId: string, amount?: Amount): string[] {
    const { reservationId } = this.reservation(nodeId);
    const amountMicros = amount === undefined ? undefined : micros(amount);
    return this.apply({ kind: "refundReservation", reservationId, amountMicros, reason: "bad output" });
  }

  /** Sets the clock by its text and records what is due by then. */
  on(text: string): string[] {
    return this.at(at(text));
  }

  /** As `on`, in pieces of so many boundaries; returns how many pieces it took. */
  onInPieces(text: string, max: number): number {
    this.clock = at(text);
    let pieces = 0;
    for (let done = false; !done; pieces += 1) {
      const changes = recordDue(this.ledger, this.now, undefined, { ...this.plans, newId: this.newId, max });
      this.ledger.absorb(changes);
      this.transactions.push(...changes.transactions);
      done = changes.transactions.length < max;
    }
    return pieces;
  }

  get subscription(): Subscription {
    const { subscription } = this.ledger;
    if (!subscription) throw new Error("the book has no subscription");
    return subscription;
  }

  /** `solo MONTHLY ACTIVE 2026-11-01..2026-12-01, then crew`, as short as it tells all. */
  get standing(): string {
    const { plan, billingPeriod, state, cycleStartTime, cycleEndTime, scheduled } = this.subscription;
    const head = `${plan.planId} ${billingPeriod} ${state} ${textOf(cycleStartTime)}..${textOf(cycleEndTime)}`;
    if (!scheduled) return head;
    return `${head}, then ${scheduled.planId ?? "nothing"} ${scheduled.billingPeriod ?? ""}`.trim();
  }

  /** Checks that a repetition changes nothing. */
  expectUnchanged(action: () => unknown): void {
    expect(this.unchangedBy(action)).to.be.an("array");
  }

  plan(planId: string): Plan {
    const plan = findPlan(this.catalogueAt(this.now), planId);
    if (!plan) throw new Error(`there is no plan ${planId}`);
    return plan;
  }
}

/** A book that begins with a subscription. */
export function bookOn(planId: string, billingPeriod: BillingPeriod = "MONTHLY"): PlanBook {
  const book = new PlanBook();
  book.subscribe(planId, billingPeriod);
  return book;
}

/** What a change would do that would not be refused. */
export function previewed(book: PlanBook, planId: string, billingPeriod?: BillingPeriod): PlanChange {
  const outcome = book.preview(planId, billingPeriod);
  if (!("change" in outcome)) throw new Error("expected a change");
  return outcome.change;
}
