import { CREDIT_MICROS } from "../../src/domain/amount.ts";
import { availableMicros } from "../../src/domain/ledger/account.ts";
import type { Command } from "../../src/domain/ledger/command.ts";
import type { Changes } from "../../src/domain/ledger/ledger.ts";
import type { Reservation } from "../../src/domain/ledger/reservation.ts";
import type { Transaction } from "../../src/domain/ledger/transaction.ts";
import { DAY, type Time } from "../../src/domain/time.ts";
import { Random } from "../../test/simulator/random.ts";
import { Cast } from "./cast.ts";
import { OrganizationLedger, type Rulebook } from "./organization-ledger.ts";
import { Pace, type Span } from "./pace.ts";
import { Spending } from "./spending.ts";
import { type RequestIdVersion, TimedIds } from "./timed-ids.ts";

/** An organization that is to have lived. */
export type LifePlan = Span &
  Readonly<{
    organizationId: string;
    /** The same number makes the same life, but for its ids. */
    seed: number;
    /** About so many. */
    transactions: number;
    /** Holds that are still open at the end, of its transactions. */
    openHolds: number;
    requestIds: RequestIdVersion;
  }>;

/** What has happened since the last step; of a reservation, when nothing will happen to it any more. */
export type LifeStep = Readonly<{
  transactions: readonly Transaction[];
  finished: readonly Reservation[];
}>;

/** Above it an organization buys in bulk rather than packs. */
const BULK_FROM_TRANSACTIONS = 50_000;
const BULK_MICROS = 1_000_000n * CREDIT_MICROS;
/** More than a run holds. */
const AVAILABLE_MICROS_MIN = 500n * CREDIT_MICROS;
const PROMOTION_MICROS = 100n * CREDIT_MICROS;
const PROMOTION_INTERVAL = 45n * DAY;
const PROMOTION_TIME = 14n * DAY;
const PROMOTION_VOIDED_PERCENT = 10;

/**
 * A year of an organization, decided by the domain's own rules: a subscription with its cycles, top-ups, promotions,
 * and runs that reserve, settle, release, abandon and refund.
 */
export class OrganizationLife {
  readonly book: OrganizationLedger;
  readonly #plan: LifePlan;
  readonly #pace: Pace;
  readonly #random: Random;
  readonly #ids: TimedIds;
  readonly #spending: Spending;
  #transactions: Transaction[] = [];
  #done = 0;
  #purchases = 0;
  #promotions = 0;

  constructor(plan: LifePlan, rulebook: Rulebook) {
    this.#plan = plan;
    this.#random = new Random(plan.seed);
    this.#ids = new TimedIds(plan.requestIds);
    this.#pace = new Pace(plan, plan.transactions, this.#random);
    this.book = new OrganizationLedger(plan.organizationId, rulebook, this.#ids);
    this.#spending = new Spending({
      ledger: this.book.ledger,
      random: this.#random,
      apply: (command) => this.#apply(command),
    });
  }

  *steps(): Generator<LifeStep> {
    const { transactions, openHolds, startTime, endTime } = this.#plan;
    const cast = new Cast(transactions, this.#random);
    this.#subscribe(startTime);
    while (this.#done < transactions - openHolds) {
      this.#pace.pause(this.#done);
      this.#promote();
      this.#topUp();
      this.#spending.run(cast.newRun(this.#ids.next(this.#pace.now)));
      yield this.#take();
    }
    this.#pace.pause(transactions);
    for (let left = openHolds; left > 0; left -= 1) {
      this.#topUp();
      this.#spending.holdOn(cast.newRun(this.#ids.next(this.#pace.now)));
    }
    this.#record(this.book.recordDue(endTime > this.#pace.now ? endTime : this.#pace.now));
    this.#spending.end();
    yield this.#take();
  }

  #take(): LifeStep {
    const transactions = this.#transactions;
    this.#transactions = [];
    return { transactions, finished: this.#spending.takeFinished() };
  }

  #record(transactions: readonly Transaction[]): void {
    this.#transactions.push(...transactions);
    this.#done += transactions.length;
  }

  #apply(command: Command): Changes {
    const now = this.#pace.step(this.#done);
    this.#record(this.book.recordDue(now));
    const changes = this.book.apply(command, now);
    this.#record(changes.transactions);
    return changes;
  }

  #subscribe(startTime: Time): void {
    const planId = this.#plan.transactions < BULK_FROM_TRANSACTIONS ? "starter" : "team";
    // Whole hours: the calendar remembers the boundaries of an anchor, which many organizations then share.
    const hour = DAY / 24n;
    const anchorTime = startTime - (startTime % hour);
    this.#apply({ kind: "createSubscription", planId, billingPeriod: "MONTHLY", anchorTime });
  }

  #topUp(): void {
    if (availableMicros(this.book.ledger.account.balance) >= AVAILABLE_MICROS_MIN) return;
    this.#purchases += 1;
    const bulk = this.#plan.transactions >= BULK_FROM_TRANSACTIONS;
    const purchase = bulk ? { amountMicros: BULK_MICROS } : { packId: "medium" };
    this.#apply({ kind: "purchaseCredits", purchase, reference: `payment:pi_${this.#purchases}` });
  }

  #promote(): void {
    const { now } = this.#pace;
    if (now < this.#plan.startTime + BigInt(this.#promotions + 1) * PROMOTION_INTERVAL) return;
    this.#promotions += 1;
    const { transactions } = this.#apply({
      kind: "createGrant",
      grantKind: "PROMOTIONAL",
      amountMicros: PROMOTION_MICROS,
      expireTime: now + PROMOTION_TIME,
      reference: `promotion:${this.#promotions}`,
    });
    const grantId = transactions[0]?.grantId;
    if (grantId === undefined || !this.#random.percent(PROMOTION_VOIDED_PERCENT)) return;
    this.#apply({ kind: "voidGrant", grantId, spentBecomesDebt: false, reason: "granted by mistake" });
  }
}
