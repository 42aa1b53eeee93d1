import type { PooledClient } from "./client-pool.ts";

/** A plan is kept for so long. */
const PLAN_MS_MAX = 1_000;

const plannedAt = new WeakMap<PooledClient, number>();

/**
 * A plan that is made while a table is nearly empty may read all of it, and would be kept while it grows: so they are made
 * anew now and then: planning all that a batch asks for was 0.9 ms. PostgreSQL sees by a table's file how large it is now.
 */
export function isPlannedAnew(client: PooledClient): boolean {
  const now = performance.now();
  if (now - (plannedAt.get(client) ?? Number.NEGATIVE_INFINITY) < PLAN_MS_MAX) return false;
  plannedAt.set(client, now);
  return true;
}
