export type Key = readonly [organizationId: string, id: string];

/** What the commands of a batch name, beside the organizations themselves. */
export type Named = Readonly<{
  requests: readonly Key[];
  reservations: readonly Key[];
  runs: readonly Key[];
  grants: readonly Key[];
  references: readonly Key[];
  /** The reservations that are to be refunded, which are named as such too. */
  refunds: readonly Key[];
  /** Organizations whose thresholds are set. */
  alerting: readonly string[];
  /** Organizations whose current cycle is voided: spent grants of it are needed too. */
  voiding: readonly string[];
  /** How references begin of which all that are used must be known. */
  prefixes: readonly Key[];
  /** The organizations whose subscriptions are to be changed. */
  subscribers: readonly string[];
  /** Whether something is decided by the catalogue. */
  catalogue: boolean;
}>;
