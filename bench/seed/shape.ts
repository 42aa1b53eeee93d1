import type { Time } from "../../src/domain/time.ts";
import { DAY, MINUTE } from "../../src/domain/time.ts";
import type { LifePlan } from "./organization-life.ts";
import type { RequestIdVersion } from "./timed-ids.ts";

/** A ledger that is to be filled: of one organization, or of one for each hundred transactions. */
export type Shape = Readonly<{
  kind: "one" | "many";
  transactions: number;
  requestIds: RequestIdVersion;
}>;

const YEAR = 365n * DAY;
/** Seeding a large ledger takes a while, and nothing in it may lie in the future. */
const SETTLED_FOR = MINUTE;
/** Ages are spread evenly, and so are the boundaries of cycles: two primes, so that neighbours differ. */
const YOUNGEST = 7n * DAY;
const AGES = 9_973;
const AGE_STRIDE = 7_919;
const TRANSACTIONS_EACH = 100;
/** Of the hundred transactions of each of many organizations, so many leave holds open. */
const OPEN_HOLDS_EACH = 10;
const OPEN_HOLDS_OF_ONE_MAX = 1_000;

/** The one organization of a ledger that has only one. */
export const THE_ONE = "organization-0";

export function organizationIds(shape: Shape): readonly string[] {
  return Array.from({ length: organizationCount(shape) }, (_, index) => organizationId(index));
}

export function organizationCount({ kind, transactions }: Shape): number {
  return kind === "one" ? 1 : Math.max(Math.round(transactions / TRANSACTIONS_EACH), 1);
}

/** Spread over the year before `now`. Of many organizations, most are young and small and a few are large. */
export function lifePlan(shape: Shape, index: number, now: Time): LifePlan {
  const endTime = now - SETTLED_FOR;
  const { requestIds } = shape;
  const plan = { organizationId: organizationId(index), seed: index + 1, endTime, requestIds };
  if (shape.kind === "one") {
    const { transactions } = shape;
    const openHolds = Math.min(Math.round(transactions / TRANSACTIONS_EACH), OPEN_HOLDS_OF_ONE_MAX);
    return { ...plan, transactions, openHolds, startTime: endTime - YEAR };
  }
  const age = YOUNGEST + ((YEAR - YOUNGEST) * BigInt((index * AGE_STRIDE) % AGES)) / BigInt(AGES);
  return { ...plan, transactions: sizeOf(index), openHolds: OPEN_HOLDS_EACH, startTime: endTime - age };
}

/** A hundred on average. */
function sizeOf(index: number): number {
  if (index % 100 === 99) return 3_700;
  return index % 10 === 9 ? 300 : 40;
}

function organizationId(index: number): string {
  return `organization-${index}`;
}
