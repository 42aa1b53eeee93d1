import { type Timestamp, timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { PublishRateCardResponse } from "../gen/pleyor/pricing/v1/pricing_service_pb.ts";
import { type ModelChange, ModelChangeKind, RateCardState } from "../gen/pleyor/pricing/v1/rate_card_pb.ts";
import { createCreditClient, type Refusal, refusalOf } from "../src/client/client.ts";
import { writeDecimal } from "../src/domain/pricing/decimal.ts";
import type { RateCard } from "../src/domain/pricing/model.ts";
import { toProtoRateCard } from "../src/rpc/pricing/rate-card-conversion.ts";

export type PublicationOptions = Readonly<{
  address: string;
  dryRun: boolean;
  "effective-time"?: string | undefined;
  "request-id"?: string | undefined;
}>;

const KINDS: ReadonlyMap<ModelChangeKind, string> = new Map([
  [ModelChangeKind.ADDED, "added"],
  [ModelChangeKind.REMOVED, "removed"],
  [ModelChangeKind.CHANGED, "changed"],
]);

/** A card of thousands takes the server some seconds; trying again with the same request id is safe. */
const TIMEOUT_MS = 60_000;

/** Publishes a card to a running service and tells what changed; gives the exit status. */
export async function publishCard(card: RateCard, options: PublicationOptions): Promise<number> {
  const { address, dryRun } = options;
  const client = createCreditClient({
    transport: "grpc",
    address,
    timeoutMs: TIMEOUT_MS,
    retry: { attemptTimeoutMs: TIMEOUT_MS },
  });
  const effectiveTime = readTime(options["effective-time"]);
  try {
    const response = await client.prices.publishRateCard({
      requestId: options["request-id"] ?? "",
      rateCard: toProtoRateCard(card),
      dryRun,
      ...(effectiveTime ? { effectiveTime } : {}),
    });
    printPublication(response, dryRun);
    return 0;
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    printRefusal(refusal);
    return 1;
  } finally {
    client.close();
  }
}

function printPublication(
  { rateCardVersion, changes, replayed }: PublishRateCardResponse,
  dryRun: boolean,
): void {
  for (const change of changes) console.log(lineOf(change));
  console.log(`${changes.length} models differ.${dryRun ? " Nothing was published: a dry run." : ""}`);
  if (rateCardVersion === undefined) return;
  const { version, state, effectiveTime } = rateCardVersion;
  const from = effectiveTime === undefined ? "" : timestampDate(effectiveTime).toISOString();
  const when = state === RateCardState.SCHEDULED ? `prices from ${from} on` : `prices since ${from}`;
  console.log(`Rate card ${version} ${replayed ? "was published before" : "is published"}; it ${when}.`);
}

function printRefusal({ reason, message, invalid }: Refusal): void {
  console.log(`${reason}: ${message}`);
  for (const fault of invalid?.faults ?? []) {
    if ("place" in fault) console.log(`fault: ${fault.modelId} ${fault.place}: ${fault.problem}`);
  }
}

function lineOf({ modelId, kind, previousExpectedMicros, expectedMicros }: ModelChange): string {
  const prices = `${creditsText(previousExpectedMicros)} -> ${creditsText(expectedMicros)}`;
  return `${KINDS.get(kind) ?? ""}: ${modelId}: ${prices}`;
}

/** What a call with default settings is expected to cost. */
function creditsText(micros: bigint | undefined): string {
  return micros === undefined ? "-" : writeDecimal({ numerator: micros, denominator: 1_000_000n }, 6);
}

function readTime(text: string | undefined): Timestamp | undefined {
  if (text === undefined) return undefined;
  const date = new Date(text);
  if (Number.isNaN(date.getTime()))
    throw new Error(`--effective-time ${text} is no time such as 2026-12-01T00:00:00Z.`);
  return timestampFromDate(date);
}
