/** What one change left owing. */
export type Debt = Readonly<{
  /** The change that caused it. */
  version: bigint;
  incurredMicros: bigint;
  paidMicros: bigint;
}>;

export function owedMicros(debt: Debt): bigint {
  return debt.incurredMicros - debt.paidMicros;
}
