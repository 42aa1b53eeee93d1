import { type Kysely, sql } from "kysely";
import { costsOf, NO_COSTS, type RunCosts } from "../../domain/usage/run-costs.ts";
import type { Key } from "../named.ts";
import { reservationsOfRuns } from "../reservation-rows.ts";

/** What the reservations of runs came to: in all, and by node and model, the dearest first. */
export type CostsReading = Readonly<{
  all: RunCosts;
  nodes: readonly Readonly<{ nodeId: string; costs: RunCosts }>[];
  models: readonly Readonly<{ modelId: string; costs: RunCosts }>[];
}>;

type CostsRow = Readonly<Record<string, string>> &
  Readonly<{ grouping: number; node_id: string; model_id: string }>;

/** The expression of each, over reservations. What came back of a hold is what was not charged of it. */
const EXPRESSIONS: Readonly<Record<keyof RunCosts, string>> = {
  reservations: "count(*)",
  held: "count(*) filter (where state = 'HELD')",
  expired: "count(*) filter (where state = 'EXPIRED')",
  released: "count(*) filter (where state = 'RELEASED')",
  calls: "count(*) filter (where state = 'SETTLED')",
  lateCalls: "count(*) filter (where late)",
  estimated: "count(expected)",
  estimatedMicros: "coalesce(sum(expected), 0)",
  reservedMicros: "sum(amount_micros)",
  heldMicros: "coalesce(sum(amount_micros) filter (where state = 'HELD'), 0)",
  releasedMicros: `coalesce(sum(case when state = 'SETTLED' and not late
    then greatest(amount_micros - settled_micros, 0) else amount_micros end) filter (where state <> 'HELD'), 0)`,
  settledMicros: "coalesce(sum(settled_micros), 0)",
  lateMicros: "coalesce(sum(settled_micros) filter (where late), 0)",
  debtMicros: "sum(debt_micros)",
  refundedMicros: "sum(refunded_micros)",
};

const COLUMNS = sql.raw(
  Object.entries(EXPRESSIONS)
    .map(([name, expression]) => `${expression} as "${name}"`)
    .join(", "),
);

/** Minimum, expected, maximum. As json, not jsonb, which can't hold every string of the settings. */
const EXPECTED = sql`(r.pricing::json -> 'estimate' ->> 1)::bigint as expected`;

/** `partsMax`: how many nodes, and how many models. */
export async function selectRunCosts(
  database: Kysely<unknown>,
  organizationId: string,
  runIds: readonly string[],
  partsMax: number,
): Promise<CostsReading> {
  const keys = runIds.map((id): Key => [organizationId, id]);
  const { rows } = await sql<CostsRow>`
    select * from (
      select grouping(node_id, model_id) as grouping, node_id, model_id, ${COLUMNS}, row_number() over (
        partition by grouping(node_id, model_id)
        order by sum(coalesce(settled_micros, 0) - refunded_micros) desc, node_id, model_id) as place
      from (select r.*, ${EXPECTED} from ${reservationsOfRuns(keys)}) r
      group by grouping sets ((), (node_id), (model_id))) g
    where place <= ${partsMax} order by place`.execute(database);
  const costs = (row: CostsRow) => costsOf((name) => BigInt(row[name] ?? 0));
  const [all] = rows.filter(({ grouping }) => grouping === 3);
  return {
    all: all && all.reservations !== "0" ? costs(all) : NO_COSTS,
    nodes: rows
      .filter(({ grouping }) => grouping === 1)
      .map((row) => ({ nodeId: row.node_id ?? "", costs: costs(row) })),
    models: rows
      .filter(({ grouping }) => grouping === 2)
      .map((row) => ({ modelId: row.model_id ?? "", costs: costs(row) })),
  };
}
