import type { ReadRefusal, Refusal } from "../domain/ledger/refusal.ts";
import type { Catalogue, CatalogueContent, TopUpPack } from "../domain/plans/catalogue.ts";
import type { CatalogueRefusal } from "../domain/plans/catalogue-fault.ts";
import type { LimitCheck } from "../domain/plans/limit.ts";
import type { LimitKind, Plan } from "../domain/plans/plan.ts";
import type { PlanChange, PlanWish } from "../domain/plans/plan-change.ts";
import type { Remedy } from "../domain/plans/remedy.ts";
import type { Subscription } from "../domain/plans/subscription.ts";
import type { Page, PageRequest } from "./credit-ledger.ts";
import type { Answer } from "./receipt.ts";

type RefusalOf<Reason> = Extract<Refusal | ReadRefusal, { reason: Reason }>;
type PageRefusal = RefusalOf<"PAGE_TOKEN_INVALID">;
export type SubscriptionRefusal = RefusalOf<"ORGANIZATION_NOT_FOUND" | "SUBSCRIPTION_NOT_FOUND">;

/** A page of a catalogue's list, and the catalogue that it is of. */
export type CataloguePage<T> = Page<T> & Readonly<{ catalogue: Catalogue }>;

export type Publishing = Readonly<{ requestId: string; content: CatalogueContent }>;
export type Published = Readonly<{ catalogue: Catalogue; replayed: boolean }>;
export type PublishRefusal =
  | CatalogueRefusal
  /** The id published another catalogue, this one. */
  | Readonly<{ reason: "PUBLICATION_ID_REUSED"; requestId: string; catalogue: Catalogue }>;

/** What there is to subscribe to and to buy, and who is subscribed to what. What changes credits is `CreditLedger.apply`. */
export interface PlanDesk {
  /** By rank. */
  listPlans(page: PageRequest): Promise<Answer<CataloguePage<Plan>, PageRefusal>>;
  getPlan(
    planId: string,
  ): Promise<Answer<Readonly<{ plan: Plan; catalogue: Catalogue }>, RefusalOf<"PLAN_NOT_FOUND">>>;
  /** The smallest first. */
  listTopUpPacks(page: PageRequest): Promise<Answer<CataloguePage<TopUpPack>, PageRefusal>>;
  /** The last subscription, which may have ended. */
  getSubscription(organizationId: string): Promise<Answer<Subscription, SubscriptionRefusal>>;
  /** What `changePlan` would do, or why it would be refused (R-PLAN-7). */
  previewPlanChange(
    organizationId: string,
    wish: PlanWish,
  ): Promise<Answer<PlanChange, Refusal | ReadRefusal>>;
  /** What would cover a shortfall, as things stand (R-HOLD-2). */
  remedyFor(organizationId: string, shortfallMicros: bigint): Promise<Remedy>;
  checkLimit(
    organizationId: string,
    asked: Readonly<{ kind: LimitKind; count: number }>,
  ): Promise<Answer<LimitCheck, SubscriptionRefusal>>;
  publishCatalogue(publishing: Publishing): Promise<Answer<Published, PublishRefusal>>;
}
