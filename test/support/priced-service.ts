import { randomUUID } from "node:crypto";
import { GrantKind } from "../../gen/pleyor/credits/v1/grant_pb.ts";
import type { RateCard as ProtoRateCard } from "../../gen/pleyor/pricing/v1/rate_card_pb.ts";
import { type CreditClient, createCreditClient } from "../../src/client/client.ts";
import type { Model } from "../../src/domain/pricing/model.ts";
import { toProtoRateCard } from "../../src/rpc/pricing/rate-card-conversion.ts";
import { card, line, measure, model } from "../domain/support/model.ts";
import type { RunningService } from "./running-service.ts";

export const DOORS = ["gRPC", "Connect"] as const;
export type Door = (typeof DOORS)[number];

export function clientOf({ grpcAddress, httpUrl }: RunningService, door: Door): CreditClient {
  return door === "gRPC"
    ? createCreditClient({ transport: "grpc", address: grpcAddress })
    : createCreditClient({ transport: "connect", baseUrl: httpUrl });
}

/** A painter whose images cost so many credits each, and nothing else. */
export function painter(rate: string, more: Partial<Model> = {}): Model {
  return model({
    settingsSchema: {
      type: "object",
      additionalProperties: false,
      properties: { n: { type: "integer", minimum: 1, maximum: 10, default: 1 } },
    },
    measures: [measure("images", { minimum: "1", expected: "1", maximum: "2", times: ["n"] })],
    lines: [line("images", { quantity: ["images"], price: { rate } })],
    ...more,
  });
}

export function cardOf(...models: readonly Model[]): ProtoRateCard {
  return toProtoRateCard(card(...models));
}

/** Publishes painters at a rate, at once; gives the version. */
export async function publish(client: CreditClient, rateCard: ProtoRateCard): Promise<bigint> {
  const { rateCardVersion } = await client.prices.publishRateCard({ rateCard });
  return rateCardVersion?.version ?? 0n;
}

/** A new organization with a million credits. */
export async function openOrganization(client: CreditClient): Promise<string> {
  const organizationId = `org-${randomUUID()}`;
  const grant = { kind: GrantKind.PURCHASED, amountMicros: 10n ** 12n, reference: "payment:1" };
  await client.grants.createGrant({ organizationId, ...grant });
  return organizationId;
}
