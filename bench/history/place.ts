import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { CreditClient } from "../../src/client/client.ts";
import { Random } from "../../test/simulator/random.ts";

/** Somewhere in an organization's past, which a reading looks at. */
export type Place = Readonly<{
  organizationId: string;
  time: Timestamp;
  runId: string;
  reservationId: string;
  /** Of the page after the first one that ends at this time. */
  pageToken: string;
}>;

const PLACES = 20;
const SEED = 20_261_124;
const MICROS_PER_MILLI = 1_000;

/** Places from all over its past, found as a caller would find them. */
export async function findPlaces(client: CreditClient, organizationId: string): Promise<readonly Place[]> {
  const random = new Random(SEED);
  const { balance } = await client.credits.getBalance({ organizationId });
  const places: Place[] = [];
  while (places.length < PLACES) {
    const version = BigInt(1 + random.below(Number(balance?.version)));
    const { transaction } = await client.credits.getTransaction({ organizationId, version });
    const { effectiveTime: time, context, reservationId = "" } = transaction ?? {};
    const { runId = "" } = context ?? {};
    if (!time || runId === "" || reservationId === "") continue;
    const page = await client.credits.listTransactions({ organizationId, endTime: time });
    places.push({ organizationId, time, runId, reservationId, pageToken: page.nextPageToken });
  }
  return places;
}

/** A time that lies so long after another. */
export function after({ seconds, nanos }: Timestamp, milliseconds: number): Timestamp {
  const micros = seconds * 1_000_000n + BigInt(Math.floor(nanos / 1_000) + milliseconds * MICROS_PER_MILLI);
  return {
    $typeName: "google.protobuf.Timestamp",
    seconds: micros / 1_000_000n,
    nanos: Number(micros % 1_000_000n) * 1_000,
  };
}
