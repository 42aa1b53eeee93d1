import { availableMicros, type Balance, totalMicros } from "../ledger/account.ts";
import type { SpendContext } from "../ledger/spend-context.ts";
import { SYSTEM_ACTOR, type Transaction, type TransactionKind } from "../ledger/transaction.ts";
import { writeDecimal } from "../pricing/decimal.ts";
import type { ExplainedStep, Explanation, StepRole } from "./explanation.ts";
import { type ExplainedPrice, rateOf } from "./price.ts";
import { credits, decimalCredits, grantWords, moment } from "./wording.ts";

const DIGITS = 12;

/** What happened, of an amount in words. */
const HAPPENED: Readonly<Record<TransactionKind, (amount: string, transaction: Transaction) => string>> = {
  GRANT: (amount) => `${amount} granted`,
  GRANT_VOID: (amount, { spentBecomesDebt }) =>
    `a grant was voided: ${amount} taken back, and what was spent of it ${spentBecomesDebt ? "is owed" : "stays spent"}`,
  GRANT_EXPIRY: (amount) => `a grant expired with ${amount} unused`,
  RESERVE: (amount) => `${amount} held`,
  EXTEND: (amount) => `a hold was extended by ${amount}`,
  SETTLE: (amount, { late }) => `${amount} charged${late ? ", late: the hold had expired" : ""}`,
  RELEASE: (amount) => `a hold of ${amount} was released uncharged`,
  HOLD_EXPIRY: (amount) => `a hold of ${amount} ran out and was returned`,
  CHARGE: (amount) => `${amount} charged in one step`,
  REFUND: (amount) => `${amount} of a charge were refunded`,
  SUBSCRIPTION_START: (amount) => `a subscription began with ${amount}`,
  CYCLE_RESET: (amount) => `a cycle began with ${amount}; what was unused of the last one expired`,
  PLAN_CHANGE: (amount) => `a higher plan began to count, with ${amount} more for the rest of the cycle`,
  PLAN_CHANGE_SCHEDULE: () => "a change of the plan was scheduled",
  PLAN_CHANGE_WITHDRAW: () => "the scheduled change of the plan was withdrawn",
  SUBSCRIPTION_CANCEL: () => "the end of the subscription was scheduled",
  SUBSCRIPTION_SUSPEND: (amount) => `the subscription was suspended, and ${amount} taken back`,
  SUBSCRIPTION_RESUME: (amount) => `the subscription was resumed, with ${amount}`,
  SUBSCRIPTION_END: (amount) => `the subscription ended, and ${amount} expired`,
  ALERT_THRESHOLDS: () => "low-balance thresholds were set",
};

const DID: Readonly<Record<StepRole, string>> = {
  GRANTED: "entered as",
  HELD: "held of",
  PAID: "paid by",
  OWED: "became debt",
  RETURNED: "back to",
  EXPIRED: "expired of",
  VOIDED: "voided of",
  DEBT_PAID: "paid debt, of",
  REFUNDED: "refunded to",
  RESTORED: "given back to",
};

const HISTORY_WORDS: Readonly<Partial<Record<TransactionKind, string>>> = {
  RESERVE: "held",
  EXTEND: "extended by",
  SETTLE: "charged",
  CHARGE: "charged in one step",
  RELEASE: "released",
  HOLD_EXPIRY: "ran out, returned",
  REFUND: "refunded",
};

/** An explanation in words, a line each. */
export function explanationText(explanation: Omit<Explanation, "text">): readonly string[] {
  const { transaction, price, steps, holdHistory, balanceBefore } = explanation;
  return [
    headline(transaction),
    ...(price === undefined ? [] : priceLines(price)),
    ...steps.map(stepLine),
    ...(holdHistory.length === 0
      ? []
      : [`The reservation so far: ${holdHistory.map(historyPart).join("; ")}.`]),
    ...(balanceBefore === undefined ? [] : [`Before: ${balanceWords(balanceBefore.balance)}.`]),
    `After: ${balanceWords(transaction.balance)}.`,
  ];
}

function headline(transaction: Transaction): string {
  const { version, kind, amountMicros, effectiveTime, actor, reference, context = {} } = transaction;
  const happened = HAPPENED[kind](credits(amountMicros), transaction);
  const who = actor === SYSTEM_ACTOR ? "by itself" : `by ${actor}`;
  const why =
    reference === undefined || reference === "" || kind === "ALERT_THRESHOLDS" ? "" : `, ${reference}`;
  return `Change ${version}, ${moment(effectiveTime)}, ${who}: ${happened}${forWhat(context)}${why}.`;
}

function forWhat({ runId, nodeId, modelId, agentId }: SpendContext): string {
  const parts = { run: runId, node: nodeId, model: modelId, agent: agentId };
  const named = Object.entries(parts).flatMap(([noun, id]) => (id === undefined ? [] : [`${noun} ${id}`]));
  return named.length === 0 ? "" : ` for ${named.join(", ")}`;
}

function priceLines(price: ExplainedPrice): readonly string[] {
  const { modelId, rateCardVersion, basis, lines, amountMicros, matches } = price;
  const what = { EXPECTED: "expected", MAXIMUM: "maximum", MEASURED: "measured" }[basis];
  const sum = `together ${credits(amountMicros)}, rounded up to a microcredit once`;
  return [
    `Priced by rate card ${rateCardVersion}, model ${modelId}, by the ${what} usage:`,
    ...lines.map(priceLine),
    matches ? `- ${sum}` : `- ${sum}, which is not what the transaction says`,
  ];
}

function priceLine(share: ExplainedPrice["lines"][number]): string {
  const { line, quantity, credits: cost } = share;
  const rate = rateOf(share);
  const per = line.per === 1n ? "" : ` per ${line.per}`;
  const times = rate === undefined ? "" : ` x ${writeDecimal(rate, DIGITS)}${per}`;
  return `- ${line.title || line.name}: ${writeDecimal(quantity, DIGITS)}${times} = ${writeDecimal(cost, DIGITS)}`;
}

function stepLine({ role, movement, grant, reason }: ExplainedStep): string {
  const of = grant === undefined ? "" : ` ${grantWords(grant)}`;
  const did = grant === undefined && role === "REFUNDED" ? "refunded" : DID[role];
  return `${credits(movement.amountMicros)} ${did}${of}: ${reason}.`;
}

function historyPart({ kind, amountMicros, version, effectiveTime, late, expireTime }: Transaction): string {
  const until = expireTime === undefined ? "" : ` until ${moment(expireTime)}`;
  const lateness = late ? " late" : "";
  return `${HISTORY_WORDS[kind] ?? kind} ${decimalCredits(amountMicros)}${lateness}${until} (change ${version}, ${moment(effectiveTime)})`;
}

function balanceWords(balance: Balance): string {
  const { reservedMicros, debtMicros } = balance;
  const debt = debtMicros === 0n ? "" : `, ${decimalCredits(debtMicros)} owed`;
  const held = reservedMicros === 0n ? "" : `, ${decimalCredits(reservedMicros)} of them held`;
  return `${credits(totalMicros(balance))}${held}${debt}, ${decimalCredits(availableMicros(balance))} available`;
}
