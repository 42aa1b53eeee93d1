import { CREDIT_MICROS } from "../../src/domain/amount.ts";
import { availableMicros } from "../../src/domain/ledger/account.ts";
import type { Command, ReserveItem } from "../../src/domain/ledger/command.ts";
import type { Changes, Ledger } from "../../src/domain/ledger/ledger.ts";
import { type Reservation, TIME_TO_LIVE_DEFAULT } from "../../src/domain/ledger/reservation.ts";
import type { SpendContext } from "../../src/domain/ledger/spend-context.ts";
import { DAY } from "../../src/domain/time.ts";
import type { Random } from "../../test/simulator/random.ts";
import { SAMPLE_CALLS } from "./model-calls.ts";

type Parts = Readonly<{ ledger: Ledger; random: Random; apply: (command: Command) => Changes }>;

const NODES_MAX = 8;
/** Of the holds, so many are computed from a price; the others name an amount. */
const PRICED_PERCENT = 50;
const NODE_MICROS_MAX = 8 * Number(CREDIT_MICROS);
/** So many of the charges can still be refunded. */
const REFUNDABLE_MAX = 64;
const OPEN_DAYS_MIN = 2;
const OPEN_DAYS_SPREAD = 5;

/** How often, of 100 holds, runs or abandoned holds. */
const PERCENT = { release: 4, abandon: 2, extend: 1, atOnce: 15, cancel: 1, charge: 5, refund: 3, late: 40 };

/** What runs do with credits, in the proportions of a product in use. */
export class Spending {
  readonly #ledger: Ledger;
  readonly #random: Random;
  readonly #apply: Parts["apply"];
  /** Charged lately, the oldest first. */
  readonly #charged: string[] = [];
  /** Neither settled nor released: their holds run out. */
  readonly #abandoned: string[] = [];
  #finished: Reservation[] = [];

  constructor({ ledger, random, apply }: Parts) {
    this.#ledger = ledger;
    this.#random = random;
    this.#apply = apply;
  }

  /** A run from its first node to its last, and what happens beside it. */
  run(context: SpendContext): void {
    const nodes = 1 + this.#random.below(NODES_MAX);
    const open = this.#random.percent(PERCENT.atOnce) ? this.#reserveAtOnce(context, nodes) : [];
    for (let node = open.length; node < nodes; node += 1) {
      open.push(...this.#reserve(this.#item(context, node)));
      if (this.#random.percent(60)) this.#end(open.shift());
    }
    if (open.length > 0 && this.#random.percent(PERCENT.cancel)) this.#cancel(context, open);
    else for (const id of open) this.#end(id);
    if (this.#random.percent(PERCENT.charge)) this.#charge(context);
    if (this.#random.percent(PERCENT.refund)) this.#refund();
    this.#lookAtAbandoned();
  }

  /** Makes a hold that stays open for days. */
  holdOn(context: SpendContext): void {
    const days = OPEN_DAYS_MIN + this.#random.below(OPEN_DAYS_SPREAD);
    this.#reserve({ ...this.#item(context, 0), timeToLive: BigInt(days) * DAY });
  }

  /** Nothing more will happen. */
  end(): void {
    for (const id of [...this.#ledger.reservations.keys()]) this.#finish(id);
  }

  takeFinished(): readonly Reservation[] {
    const finished = this.#finished;
    this.#finished = [];
    return finished;
  }

  #reserve(item: ReserveItem): readonly string[] {
    return idsIn(this.#apply({ kind: "reserveCredits", ...item }));
  }

  #reserveAtOnce(context: SpendContext, nodes: number): string[] {
    const items = Array.from({ length: nodes }, (_, node) => this.#item(context, node));
    return [...idsIn(this.#apply({ kind: "batchReserveCredits", items }))];
  }

  #item(run: SpendContext, node: number): ReserveItem {
    const { modelId, settings, known } = this.#random.pick(SAMPLE_CALLS);
    const context = { ...run, nodeId: `node-${node}`, modelId };
    const timeToLive = TIME_TO_LIVE_DEFAULT;
    if (!this.#random.percent(PRICED_PERCENT)) return { amountMicros: this.#amount(), context, timeToLive };
    const call = { modelId, settings, knownUsage: known, rateCardVersion: undefined, holdMaximum: false };
    return { call, context, timeToLive };
  }

  #amount(): bigint {
    return BigInt(10_000 + this.#random.below(NODE_MICROS_MAX));
  }

  #end(reservationId: string | undefined): void {
    if (reservationId === undefined) return;
    const chance = this.#random.below(100);
    if (chance < PERCENT.release) {
      this.#apply({ kind: "releaseReservation", reservationId });
      this.#finish(reservationId);
    } else if (chance < PERCENT.release + PERCENT.abandon) this.#abandoned.push(reservationId);
    else {
      if (this.#random.percent(PERCENT.extend)) this.#extend(reservationId);
      this.#settle(reservationId);
    }
  }

  #extend(reservationId: string): void {
    const timeToLive = 2n * TIME_TO_LIVE_DEFAULT;
    const kind = "extendReservation";
    this.#apply({ kind, reservationId, timeToLive, additionalAmountMicros: CREDIT_MICROS });
  }

  /** By usage where it was priced; else mostly below what was held, now and then above. */
  #settle(reservationId: string): void {
    const reservation = this.#ledger.reservations.get(reservationId);
    const measured = SAMPLE_CALLS.find(({ modelId }) => modelId === reservation?.context.modelId)?.measured;
    const percent = BigInt(50 + this.#random.below(55));
    const cost =
      reservation?.pricing && measured
        ? { usage: measured }
        : { amountMicros: ((reservation?.amountMicros ?? 0n) * percent) / 100n };
    this.#apply({ kind: "settleReservation", reservationId, ...cost });
    this.#remember(reservationId);
  }

  #cancel({ runId = "" }: SpendContext, open: readonly string[]): void {
    this.#apply({ kind: "releaseRun", runId });
    for (const id of open) this.#finish(id);
  }

  /** Work whose cost is known when it is done; some of it is done whatever there is to pay it with. */
  #charge(run: SpendContext): void {
    const context = { ...run, nodeId: "search", modelId: "tavily/search" };
    const allowDebt = this.#random.percent(1);
    const available = availableMicros(this.#ledger.account.balance);
    const amountMicros = allowDebt && available > 0n ? available + CREDIT_MICROS : this.#amount();
    if (amountMicros > available && !allowDebt) return;
    for (const id of idsIn(this.#apply({ kind: "chargeCredits", amountMicros, context, allowDebt })))
      this.#remember(id);
  }

  #refund(): void {
    const refundable = this.#charged.filter((id) => {
      const { settledMicros = 0n, refundedMicros = 0n } = this.#ledger.reservations.get(id) ?? {};
      return settledMicros > refundedMicros + 1n;
    });
    if (refundable.length === 0) return;
    const reservationId = this.#random.pick(refundable);
    const { settledMicros = 0n, refundedMicros = 0n } = this.#ledger.reservations.get(reservationId) ?? {};
    const amountMicros = this.#random.percent(50) ? undefined : (settledMicros - refundedMicros) / 2n;
    this.#apply({
      kind: "refundReservation",
      reservationId,
      amountMicros,
      reason: "the result was unusable",
    });
  }

  /** Of the holds that have run out, some are settled late. */
  #lookAtAbandoned(): void {
    const [oldest] = this.#abandoned;
    if (oldest === undefined || this.#ledger.reservations.get(oldest)?.state !== "EXPIRED") return;
    this.#abandoned.shift();
    if (this.#random.percent(PERCENT.late)) this.#settle(oldest);
    else this.#finish(oldest);
  }

  #remember(reservationId: string): void {
    this.#charged.push(reservationId);
    const oldest = this.#charged.length > REFUNDABLE_MAX ? this.#charged.shift() : undefined;
    if (oldest !== undefined) this.#finish(oldest);
  }

  /** It is let go of, so that a life of millions fits in memory. */
  #finish(reservationId: string): void {
    const reservation = this.#ledger.reservations.get(reservationId);
    if (!reservation) throw new Error(`reservation ${reservationId} was finished before`);
    this.#finished.push(reservation);
    this.#ledger.reservations.delete(reservationId);
  }
}

function idsIn({ transactions }: Changes): readonly string[] {
  return transactions.flatMap(({ reservationId }) => reservationId ?? []);
}
