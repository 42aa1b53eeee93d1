import { type Kysely, sql } from "kysely";
import type { Subscription } from "../domain/plans/subscription.ts";
import type { Write } from "./pipeline.ts";
import { fromJsonSubscription, toJsonText } from "./plan-json.ts";

/** A subscription and whose it is. */
export type OwnedSubscription = Readonly<{ organizationId: string; subscription: Subscription }>;

/** The last subscription of each organization that had one. */
export async function selectSubscriptions(
  database: Kysely<unknown>,
  organizationIds: readonly string[],
): Promise<readonly OwnedSubscription[]> {
  if (organizationIds.length === 0) return [];
  const { rows } = await sql<{ organization_id: string; subscription: object }>`
    select s.organization_id, s.subscription from unnest(${organizationIds}::text[]) as k (o)
    join subscriptions s on s.organization_id = k.o`.execute(database);
  return rows.map((row) => ({
    organizationId: row.organization_id,
    subscription: fromJsonSubscription(row.subscription),
  }));
}

/** The subscription as it was after this version; undefined before the first one. */
export async function selectSubscriptionAt(
  database: Kysely<unknown>,
  organizationId: string,
  version: bigint,
): Promise<Subscription | undefined> {
  const { rows } = await sql<{ subscription: object }>`
    select subscription from transactions
    where organization_id = ${organizationId} and version <= ${version} and subscription is not null
    order by version desc limit 1`.execute(database);
  return rows[0] && fromJsonSubscription(rows[0].subscription);
}

export function subscriptionUpsert(database: Kysely<unknown>, rows: readonly OwnedSubscription[]): Write {
  if (rows.length === 0) return undefined;
  const column = <T>(value: (subscription: Subscription) => T) =>
    rows.map(({ subscription }) => value(subscription));
  return sql`
    insert into subscriptions (organization_id, state, plan_id, scheduled_plan_id, version, subscription)
    select o, s, p, c, v, j::jsonb from unnest(
      ${rows.map((row) => row.organizationId)}::text[],
      ${column(({ state }) => state)}::text[],
      ${column(({ plan }) => plan.planId)}::text[],
      ${column(({ scheduled }) => scheduled?.planId ?? null)}::text[],
      ${column(({ version }) => String(version))}::bigint[],
      ${column(toJsonText)}::text[]) as u (o, s, p, c, v, j)
    on conflict (organization_id) do update
    set state = excluded.state, plan_id = excluded.plan_id, scheduled_plan_id = excluded.scheduled_plan_id,
        version = excluded.version, subscription = excluded.subscription`.compile(database);
}
