import { create } from "@bufbuild/protobuf";
import {
  CatalogueSchema,
  type Catalogue as ProtoCatalogue,
  type Plan as ProtoPlan,
  type Price as ProtoPrice,
  type TopUpPack as ProtoTopUpPack,
} from "../../gen/pleyor/credits/v1/plan_pb.ts";
import type { Catalogue, CatalogueContent, TopUpPack } from "../domain/plans/catalogue.ts";
import type { Plan } from "../domain/plans/plan.ts";
import type { Price } from "../domain/plans/price.ts";
import { toProtoPlan, toProtoTopUpPack, toProtoUnitPrice } from "./convert-plan.ts";
import { toProtoTimestamp } from "./convert-time.ts";

/** What is missing becomes what the catalogue's own rules name as missing. */
export function fromProtoCatalogue(catalogue: ProtoCatalogue | undefined): CatalogueContent {
  const { plans = [], packs = [], unitPrice } = catalogue ?? {};
  return {
    plans: plans.map(fromProtoPlan),
    packs: packs.map(fromProtoTopUpPack),
    unitPrice: unitPrice && {
      amountMicros: unitPrice.amountMicros,
      price: fromProtoPrice(unitPrice.price),
    },
  };
}

export function toProtoCatalogue(catalogue: Catalogue): ProtoCatalogue {
  const { version, effectiveTime, plans, packs, unitPrice } = catalogue;
  return create(CatalogueSchema, {
    version: BigInt(version),
    effectiveTime: toProtoTimestamp(effectiveTime),
    plans: plans.map(toProtoPlan),
    packs: packs.map(toProtoTopUpPack),
    ...(unitPrice && { unitPrice: toProtoUnitPrice(unitPrice) }),
  });
}

function fromProtoPlan(plan: ProtoPlan): Plan {
  const { planId, displayName, rank, cycleMicros, limits } = plan;
  return {
    planId,
    displayName,
    rank,
    cycleMicros,
    limits: { WORKSPACES: limits?.workspaces, MEMBERS: limits?.members, AGENTS: limits?.agents },
    monthlyPrice: fromProtoPrice(plan.monthlyPrice),
    yearlyPrice: fromProtoPrice(plan.yearlyPrice),
  };
}

function fromProtoTopUpPack({ packId, displayName, amountMicros, price }: ProtoTopUpPack): TopUpPack {
  return { packId, displayName, amountMicros, price: fromProtoPrice(price) };
}

function fromProtoPrice(price: ProtoPrice | undefined): Price {
  return { amountMinor: price?.amountMinor ?? 0n, currency: price?.currency ?? "" };
}
