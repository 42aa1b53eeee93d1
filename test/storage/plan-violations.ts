const REQUEST = "'6f1c0a3e-0000-4000-8000-00000000000a', '\\x00'";

function subscription(state: string, version: number): string {
  return `('owner', '${state}', 'pro', null, ${version}, '{}')`;
}

function catalogue(version: number, request = "null, null"): string {
  return `(${version}, now(), ${request}, '{}')`;
}

/** Statements on the tables of plans that a constraint refuses, each by the constraint's name. */
export const PLAN_VIOLATIONS: readonly [constraint: string, statement: string][] = [
  ["accounts_cycle", "update accounts set cycle_start_time = now(), cycle_end_time = now()"],
  ["accounts_cycle_whole", "update accounts set cycle_end_time = now()"],
  ["subscriptions_state_check", `insert into subscriptions values ${subscription("PAUSED", 1)}`],
  ["subscriptions_version_check", `insert into subscriptions values ${subscription("ACTIVE", 0)}`],
  [
    "subscriptions_pkey",
    `insert into subscriptions values ${subscription("ACTIVE", 1)}, ${subscription("ENDED", 2)}`,
  ],
  ["catalogues_version_check", `insert into catalogues values ${catalogue(0)}`],
  ["catalogues_request", `insert into catalogues values ${catalogue(9, "null, '\\x00'")}`],
  ["catalogues_pkey", `insert into catalogues values ${catalogue(9)}, ${catalogue(9)}`],
  ["test_clocks_pkey", "insert into test_clocks values ('owner', now()), ('owner', now())"],
  [
    "catalogues_request_id_key",
    `insert into catalogues values ${catalogue(8, REQUEST)}, ${catalogue(9, REQUEST)}`,
  ],
];
