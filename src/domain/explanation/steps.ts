import type { Grant } from "../ledger/grant.ts";
import type { CreditState, Movement, Transaction } from "../ledger/transaction.ts";
import type { ExplainedStep, StepRole } from "./explanation.ts";
import { kindWord, moment } from "./wording.ts";

type Way = `${CreditState}>${CreditState}`;

const ROLES: Readonly<Partial<Record<Way, StepRole>>> = {
  "OUTSIDE>FREE": "GRANTED",
  "FREE>HELD": "HELD",
  "FREE>CONSUMED": "PAID",
  "HELD>CONSUMED": "PAID",
  "DEBT>CONSUMED": "OWED",
  "DEBT>VOIDED": "OWED",
  "HELD>FREE": "RETURNED",
  "HELD>EXPIRED": "RETURNED",
  "HELD>VOIDED": "RETURNED",
  "FREE>EXPIRED": "EXPIRED",
  "FREE>VOIDED": "VOIDED",
  "FREE>DEBT": "DEBT_PAID",
  "VOIDED>FREE": "RESTORED",
};

/** The movements of a transaction in their order, each with its grant and the reason for its place. */
export function explainSteps(
  { movements }: Pick<Transaction, "movements">,
  grants: ReadonlyMap<string, Grant>,
): readonly ExplainedStep[] {
  const steps: ExplainedStep[] = [];
  for (const movement of movements) {
    const grant = grants.get(movement.grantId ?? "");
    const role = roleOf(movement);
    const before = steps.findLast((step) => step.role === role && step.movement.from === movement.from);
    steps.push({ role, movement, grant, reason: reasonOf(role, movement, grant, before?.grant) });
  }
  return steps;
}

/** What leaves CONSUMED is a refund, wherever it goes. */
function roleOf({ from, to }: Movement): StepRole {
  return ROLES[`${from}>${to}`] ?? "REFUNDED";
}

function reasonOf(
  role: StepRole,
  movement: Movement,
  grant: Grant | undefined,
  before: Grant | undefined,
): string {
  switch (role) {
    case "GRANTED":
      return "credits enter as a grant";
    case "HELD":
      return `free credits are held in spend order: ${inSpendOrder(grant, before)}`;
    case "PAID":
      return movement.from === "HELD"
        ? `what was held pays first, in spend order: ${inSpendOrder(grant, before)}`
        : `free credits pay in spend order: ${inSpendOrder(grant, before)}`;
    case "OWED":
      return movement.to === "CONSUMED"
        ? "nothing was free for it any more, so it is owed"
        : "the grant that paid was voided with its spent credits owed, so this much is";
    case "RETURNED":
      return whyReturned(movement, grant);
    case "EXPIRED":
      return "the grant's time came, and what was free of it is gone";
    case "VOIDED":
      return "what was free of the grant was taken back";
    case "DEBT_PAID":
      return `free credits pay the oldest debt first: that of change ${movement.debtVersion}`;
    case "REFUNDED":
      return whyRefunded(movement);
    case "RESTORED":
      return "the subscription goes on in the cycle in which it was suspended";
  }
}

/** R-GRANT-2, as far as it told this grant from the one before it. */
function inSpendOrder(grant: Grant | undefined, before: Grant | undefined): string {
  if (grant === undefined) return "subscription, then promotional, then purchased";
  if (before === undefined || before.grantId === grant.grantId)
    return "the first grant that had any (subscription, then promotional, then purchased; the earliest expiry first, then the oldest)";
  if (before.kind !== grant.kind)
    return `${kindWord(grant.kind)} credits come after ${kindWord(before.kind)} ones, which were not enough`;
  if (before.expireTime !== grant.expireTime) {
    if (grant.expireTime === undefined) return "this grant never expires, so it comes after one that does";
    return `this grant expires later than the one before, at ${moment(grant.expireTime)}`;
  }
  if (before.createTime !== grant.createTime) return "this grant is newer than the one before";
  return "this grant's id comes after that of the one before, all else being equal";
}

function whyReturned({ to }: Movement, grant: Grant | undefined): string {
  if (to === "VOIDED") return "what comes back to a grant that was voided meanwhile is voided with it";
  if (to === "EXPIRED") {
    const when = grant?.expireTime === undefined ? "" : ` at ${moment(grant.expireTime)}`;
    return `the grant expired${when}, so what comes back to it expires too`;
  }
  return "what was not charged goes back to the grant that it came from, the last one first";
}

function whyRefunded({ to, grantId, debtVersion }: Movement): string {
  if (to === "DEBT") return `it lowers debt that is still owed: that of change ${debtVersion}`;
  if (to === "FREE") return "it goes back to the grant that paid, the last payment first";
  if (to === "EXPIRED") return "the grant that paid has expired, so a promotional grant takes its place";
  return grantId === undefined
    ? "debt had stood for it and was paid since, so a promotional grant gives it back"
    : "the grant that paid is void, so its share is voided with it";
}
