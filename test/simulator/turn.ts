import type { Command, SubscriptionCommand } from "../../src/domain/ledger/command.ts";
import { cycleName } from "./naive-calendar.ts";
import type { NaiveLedger, NaiveOutcome } from "./naive-ledger.ts";
import { cancel, change, resume, subscribe, suspend, withdraw } from "./naive-plans.ts";
import { refund } from "./naive-refund.ts";
import { packName, planName } from "./offer.ts";
import type { Step } from "./step.ts";

/** A command for the domain, and the same for the naive model. */
export type Turn = Readonly<{ command: Command; naive: () => NaiveOutcome }>;

type CallTurn = Turn & Readonly<{ command: SubscriptionCommand }>;

/** What commands name, by what the naive model knows it by. */
export type Names = Readonly<{
  /** By the order in which they began. */
  reservationIds: readonly string[];
  grantIdOf: (reference: string) => string;
}>;

/** What a step comes to; undefined where there is nothing that it could be done to. */
export function turnOf(names: Names, naive: NaiveLedger, step: Step, request: string): Turn | undefined {
  return (
    creditTurn(names, naive, step) ??
    reservationTurn(names, naive, step, request) ??
    planTurn(naive, step, request)
  );
}

function creditTurn(names: Names, naive: NaiveLedger, step: Step): Turn | undefined {
  switch (step.do) {
    case "grant": {
      const { kind: grantKind, amount, lasting } = step;
      const expires = lasting === undefined ? Number.POSITIVE_INFINITY : naive.now + lasting;
      const reference = referenceOf(naive, step.reference);
      const expireTime = lasting === undefined ? undefined : BigInt(expires);
      return {
        command: { kind: "createGrant", grantKind, amountMicros: BigInt(amount), expireTime, reference },
        naive: () => naive.grant(grantKind, amount, expires, reference),
      };
    }
    case "purchase": {
      const { pack, amount } = step;
      const reference = referenceOf(naive, step.reference);
      const purchase = pack === undefined ? { amountMicros: BigInt(amount) } : { packId: packName(pack) };
      return {
        command: { kind: "purchaseCredits", purchase, reference },
        naive: () => naive.purchase(pack, amount, reference),
      };
    }
    case "void": {
      const lot = naive.credits.lots[step.lot % Math.max(naive.credits.lots.length, 1)];
      if (!lot) return undefined;
      const grantId = names.grantIdOf(lot.reference);
      return {
        command: { kind: "voidGrant", grantId, spentBecomesDebt: step.debt, reason: "" },
        naive: () => naive.void(lot, step.debt),
      };
    }
    case "refundPurchase": {
      const reference = referenceOf(naive, step.reference);
      return {
        command: { kind: "refundPurchase", reference, spentBecomesDebt: step.debt, reason: "" },
        naive: () => naive.refundPurchase(reference, step.debt),
      };
    }
    default:
      return undefined;
  }
}

function reservationTurn(names: Names, naive: NaiveLedger, step: Step, request: string): Turn | undefined {
  switch (step.do) {
    case "reserve":
      return {
        command: { kind: "reserveCredits", ...item(step.amount, step.lasting, step.run) },
        naive: () => naive.reserve([step.amount], step.lasting, step.run),
      };
    case "batch": {
      const items = step.amounts.map((amount) => item(amount, step.lasting, step.run));
      return {
        command: { kind: "batchReserveCredits", items },
        naive: () => naive.reserve(step.amounts, step.lasting, step.run),
      };
    }
    case "charge":
      return {
        command: {
          kind: "chargeCredits",
          amountMicros: BigInt(step.amount),
          context: {},
          allowDebt: step.allowDebt,
        },
        naive: () => naive.charge(step.amount, step.allowDebt),
      };
    case "releaseRun":
      return {
        command: { kind: "releaseRun", runId: `run-${step.run}` },
        naive: () => naive.releaseRun(step.run),
      };
    default:
      return "reservation" in step ? endTurn(names, naive, step, request) : undefined;
  }
}

function endTurn(
  names: Names,
  naive: NaiveLedger,
  step: Extract<Step, { reservation: number }>,
  request: string,
): Turn | undefined {
  // The newest ones are the likeliest to be still open.
  const number = naive.reservations.length - 1 - (step.reservation % Math.max(naive.reservations.length, 1));
  const reservation = naive.reservations[number];
  const reservationId = names.reservationIds[number];
  if (!reservation || reservationId === undefined) return undefined;
  const amount = step.do === "release" ? undefined : step.amount;
  const micros = amount === undefined ? undefined : BigInt(amount);
  switch (step.do) {
    case "settle":
      return {
        command: { kind: "settleReservation", reservationId, amountMicros: BigInt(step.amount) },
        naive: () => naive.settle(reservation, step.amount),
      };
    case "release":
      return {
        command: { kind: "releaseReservation", reservationId },
        naive: () => naive.release(reservation),
      };
    case "extend": {
      const timeToLive = step.lasting === undefined ? undefined : BigInt(step.lasting);
      return {
        command: { kind: "extendReservation", reservationId, timeToLive, additionalAmountMicros: micros },
        naive: () => naive.extend(reservation, step.amount, step.lasting ?? 0),
      };
    }
    case "refund":
      return {
        command: { kind: "refundReservation", reservationId, amountMicros: micros, reason: "" },
        naive: () => refund(naive, reservation, step.amount, request),
      };
  }
}

function planTurn(naive: NaiveLedger, step: Step, request: string): Turn | undefined {
  const turn = callTurn(naive, step, request);
  if (!turn || !("callback" in step) || step.callback === undefined) return turn;
  const reference = callbackName(step.callback);
  const content = JSON.stringify(turn.command, (_key, value) =>
    typeof value === "bigint" ? `${value}` : value,
  );
  return {
    command: { ...turn.command, reference },
    naive: () => naive.called(reference, content, turn.naive),
  };
}

/** What a payment system may call for, whatever it refers to. */
function callTurn(naive: NaiveLedger, step: Step, request: string): CallTurn | undefined {
  switch (step.do) {
    case "subscribe": {
      const { plan, period: billingPeriod } = step;
      const anchor = step.anchor === undefined ? undefined : naive.now + step.anchor;
      const anchorTime = anchor === undefined ? undefined : BigInt(anchor);
      return {
        command: { kind: "createSubscription", planId: planName(plan), billingPeriod, anchorTime },
        naive: () => subscribe(naive, plan, billingPeriod, anchor),
      };
    }
    case "change": {
      const { plan, period: billingPeriod, members } = step;
      const counts = { WORKSPACES: undefined, MEMBERS: members, AGENTS: undefined };
      return {
        command: { kind: "changePlan", planId: planName(plan), billingPeriod, counts },
        naive: () => change(naive, plan, billingPeriod, members, request),
      };
    }
    case "withdraw":
      return { command: { kind: "withdrawPlanChange" }, naive: () => withdraw(naive) };
    case "cancel":
      return { command: { kind: "cancelSubscription", reason: "" }, naive: () => cancel(naive) };
    case "suspend":
      return {
        command: { kind: "suspendSubscription", voidCycle: step.voidCycle, reason: "" },
        naive: () => suspend(naive, step.voidCycle),
      };
    case "resume":
      return { command: { kind: "resumeSubscription" }, naive: () => resume(naive) };
    default:
      return undefined;
  }
}

/** The first ones are payments' as well. */
function callbackName(number: number): string {
  return number < 6 ? `payment:${number}` : `event:${number}`;
}

function item(amount: number, lasting: number, run: number) {
  return { amountMicros: BigInt(amount), timeToLive: BigInt(lasting), context: { runId: `run-${run}` } };
}

/** Payments mostly; sometimes the very reference that the next cycle would have. */
function referenceOf(naive: NaiveLedger, number: number): string {
  const { subscription } = naive;
  if (number > 0 || !subscription?.live) return `payment:${number}`;
  return cycleName(subscription.ends);
}
