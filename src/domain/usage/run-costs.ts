/** What reservations came to. */
export type RunCosts = Readonly<{
  reservations: bigint;
  held: bigint;
  expired: bigint;
  released: bigint;
  calls: bigint;
  lateCalls: bigint;
  /** How many have an estimate, because they were priced by model. */
  estimated: bigint;
  /** The expected costs of those alone. */
  estimatedMicros: bigint;
  reservedMicros: bigint;
  heldMicros: bigint;
  releasedMicros: bigint;
  settledMicros: bigint;
  lateMicros: bigint;
  debtMicros: bigint;
  refundedMicros: bigint;
}>;

const NAMES = [
  "reservations",
  "held",
  "expired",
  "released",
  "calls",
  "lateCalls",
  "estimated",
  "estimatedMicros",
  "reservedMicros",
  "heldMicros",
  "releasedMicros",
  "settledMicros",
  "lateMicros",
  "debtMicros",
  "refundedMicros",
] as const satisfies readonly (keyof RunCosts)[];

export const NO_COSTS: RunCosts = costsOf(() => 0n);

export function addCosts(left: RunCosts, right: RunCosts): RunCosts {
  return costsOf((name) => left[name] + right[name]);
}

/** What is left of a whole where its largest parts are told; undefined where they are all of it. */
export function otherCosts(whole: RunCosts, told: readonly RunCosts[]): RunCosts | undefined {
  const sum = told.reduce(addCosts, NO_COSTS);
  const rest = costsOf((name) => whole[name] - sum[name]);
  return rest.reservations === 0n ? undefined : rest;
}

export function costsOf(value: (name: keyof RunCosts) => bigint): RunCosts {
  return Object.fromEntries(NAMES.map((name) => [name, value(name)])) as RunCosts;
}
