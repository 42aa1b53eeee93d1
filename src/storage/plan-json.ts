import type { CatalogueContent } from "../domain/plans/catalogue.ts";
import type { Subscription } from "../domain/plans/subscription.ts";

/** A bigint in jsonb: JSON numbers are not exact, and a text could be a name. */
type WholeNumber = Readonly<{ int: string }>;

/** Plain data of the domain as jsonb text. What is undefined is left out. */
export function toJsonText(value: Subscription | CatalogueContent): string {
  return JSON.stringify(value, (_key, part) => (typeof part === "bigint" ? { int: String(part) } : part));
}

export function fromJsonSubscription(json: object): Subscription {
  const read = revived(json) as Subscription;
  const { scheduled, ...others } = read;
  return { ...others, plan: withLimits(read.plan), scheduled: scheduled && withPlan(scheduled) };
}

export function fromJsonCatalogue(json: object): CatalogueContent {
  const { plans, packs, unitPrice } = revived(json) as CatalogueContent;
  return { plans: plans.map(withLimits), packs, unitPrice };
}

/** What was left out because it was undefined is there again, so that equal values look equal. */
function withLimits<T extends Subscription["plan"]>(plan: T): T {
  const { WORKSPACES, MEMBERS, AGENTS } = plan.limits;
  return { ...plan, limits: { WORKSPACES, MEMBERS, AGENTS } };
}

function withPlan(scheduled: NonNullable<Subscription["scheduled"]>): NonNullable<Subscription["scheduled"]> {
  const { kind, planId, billingPeriod, version } = scheduled;
  return { kind, planId, billingPeriod, version };
}

function revived(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revived);
  if (typeof value !== "object" || value === null) return value;
  if (isWholeNumber(value)) return BigInt(value.int);
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, revived(part)]));
}

function isWholeNumber(value: object): value is WholeNumber {
  return "int" in value;
}
