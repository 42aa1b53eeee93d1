import type { Account } from "../domain/ledger/account.ts";
import { previewChange } from "../domain/ledger/change-plan.ts";
import type { Catalogue, TopUpPack } from "../domain/plans/catalogue.ts";
import { findPlan } from "../domain/plans/catalogue.ts";
import { checkLimit } from "../domain/plans/limit.ts";
import type { LimitKind, Plan } from "../domain/plans/plan.ts";
import type { PlanWish } from "../domain/plans/plan-change.ts";
import type { Remedy } from "../domain/plans/remedy.ts";
import { isLive, type Subscription } from "../domain/plans/subscription.ts";
import type { Time } from "../domain/time.ts";
import type { LedgerReader } from "../storage/ledger-reader.ts";
import type { Orm } from "../storage/orm.ts";
import type { CatalogueHistory } from "./catalogue-history.ts";
import { publishCatalogue } from "./catalogue-publication.ts";
import type { PageRequest } from "./credit-ledger.ts";
import { guarded } from "./guarded.ts";
import { list } from "./listing.ts";
import type { OrganizationReading } from "./organization-reading.ts";
import type { PlanDesk, Publishing, SubscriptionRefusal } from "./plan-desk.ts";
import type { Answer } from "./receipt.ts";
import { remedyOf } from "./remedy.ts";

type Parts = Readonly<{
  orm: Orm;
  reader: LedgerReader;
  reading: OrganizationReading;
  catalogues: CatalogueHistory;
}>;
type Standing = Readonly<{ account: Account; subscription: Subscription; catalogue: Catalogue; now: Time }>;

/** Plans on PostgreSQL: each answer goes by the newest catalogue. */
export class PlanService implements PlanDesk {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async listPlans(page: PageRequest): ReturnType<PlanDesk["listPlans"]> {
    const catalogue = await this.#newest();
    const key = ({ rank }: Plan) => BigInt(rank);
    return listed(catalogue, "plans", page, { items: catalogue.plans, key });
  }

  async getPlan(planId: string): ReturnType<PlanDesk["getPlan"]> {
    const catalogue = await this.#newest();
    const plan = findPlan(catalogue, planId);
    return plan ? { value: { plan, catalogue } } : { refusal: { reason: "PLAN_NOT_FOUND", planId } };
  }

  async listTopUpPacks(page: PageRequest): ReturnType<PlanDesk["listTopUpPacks"]> {
    const catalogue = await this.#newest();
    const key = ({ amountMicros }: TopUpPack) => amountMicros;
    return listed(catalogue, "packs", page, { items: catalogue.packs, key });
  }

  getSubscription(organizationId: string): ReturnType<PlanDesk["getSubscription"]> {
    const { reading, reader } = this.#parts;
    return reading.read<Subscription, SubscriptionRefusal>(organizationId, async () => {
      const subscription = await reader.subscription(organizationId);
      return subscription ? { value: subscription } : missing(organizationId);
    });
  }

  remedyFor(organizationId: string, shortfallMicros: bigint): Promise<Remedy> {
    const { reader, catalogues } = this.#parts;
    return guarded(() => remedyOf(reader, catalogues, organizationId, shortfallMicros));
  }

  previewPlanChange(organizationId: string, wish: PlanWish): ReturnType<PlanDesk["previewPlanChange"]> {
    return this.#standing(organizationId, (standing) => previewChange(standing, wish));
  }

  checkLimit(
    organizationId: string,
    { kind, count }: Readonly<{ kind: LimitKind; count: number }>,
  ): ReturnType<PlanDesk["checkLimit"]> {
    return this.#standing(organizationId, ({ subscription, catalogue }) => ({
      value: checkLimit(subscription.plan, kind, count, catalogue),
    }));
  }

  publishCatalogue(publishing: Publishing): ReturnType<PlanDesk["publishCatalogue"]> {
    return guarded(() => publishCatalogue(this.#parts.orm, publishing));
  }

  #newest(): Promise<Catalogue> {
    const { catalogues, reader } = this.#parts;
    return guarded(async () => {
      const { latest } = await catalogues.refresh((version) => reader.cataloguesAfter(version));
      return latest;
    });
  }

  /** A subscription that has not ended, and what is decided about it by. */
  #standing<T, R>(
    organizationId: string,
    select: (standing: Standing) => Answer<T, R>,
  ): Promise<Answer<T, R | SubscriptionRefusal>> {
    const { reading, reader, catalogues } = this.#parts;
    return reading.read<T, R | SubscriptionRefusal>(organizationId, async (account, now) => {
      await catalogues.refresh((version) => reader.cataloguesAfter(version));
      const subscription = await reader.subscription(organizationId);
      if (!isLive(subscription)) return missing(organizationId);
      return select({ account, subscription, catalogue: catalogues.at(now), now });
    });
  }
}

function missing(organizationId: string): Readonly<{ refusal: SubscriptionRefusal }> {
  return { refusal: { reason: "SUBSCRIPTION_NOT_FOUND", organizationId } };
}

type Place<T> = Readonly<{ item: T; key: bigint; index: number }>;
type Sorted<T> = Readonly<{ items: readonly T[]; key: (item: T) => bigint }>;

/** A page goes on after the place of its last item, even in another version of the catalogue. */
async function listed<T extends object>(
  catalogue: Catalogue,
  name: string,
  page: PageRequest,
  { items, key }: Sorted<T>,
) {
  const places = items
    .map((item, index) => ({ item, key: key(item), index }))
    .sort(
      (left, right) =>
        Number(left.key > right.key) - Number(left.key < right.key) || left.index - right.index,
    );
  const answer = await list<Place<T>>({
    query: [name],
    page,
    keyOf: (place) => `${place.key}/${place.index}`,
    isKey: (text) => /^-?\d{1,19}\/\d{1,3}$/.test(text),
    select: (after, limit) => {
      const [afterKey = 0n, afterIndex = 0n] = (after ?? "").split("/").map(BigInt);
      const rest = places.filter(
        (place) =>
          after === undefined || place.key > afterKey || (place.key === afterKey && place.index > afterIndex),
      );
      return Promise.resolve(rest.slice(0, limit));
    },
  });
  if ("refusal" in answer) return answer;
  const { items: found, nextPageToken } = answer.value;
  return { value: { items: found.map(({ item }) => item), nextPageToken, catalogue } };
}
