/** A rule of the ledger that does not hold: a fault of ours, never of the caller. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

export function invariant(condition: boolean, broken: string): asserts condition {
  if (!condition) throw new InvariantError(broken);
}
