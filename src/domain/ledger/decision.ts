import type { Time } from "../time.ts";
import type { Changes } from "./ledger.ts";
import type { Refusal } from "./refusal.ts";

/** What a decision may know beside the ledger and the command. */
export type Clock = Readonly<{
  /** R-BAL-5: the later of the database's clock and the organization's last change. */
  now: Time;
  /** Gives the next server-made id: a UUID, version 7. */
  newId: () => string;
}>;

/** What became of a command. */
export type Decision =
  | Readonly<{ outcome: "accepted"; changes: Changes }>
  /** Nothing changed, because it had been done before by these changes; none where there was nothing to do. */
  | Readonly<{ outcome: "unchanged"; versions: readonly bigint[] }>
  | Readonly<{ outcome: "refused"; refusal: Refusal }>;

export function accepted(changes: Changes): Decision {
  return { outcome: "accepted", changes };
}

export function unchanged(versions: readonly bigint[]): Decision {
  return { outcome: "unchanged", versions };
}

export function refused(refusal: Refusal): Decision {
  return { outcome: "refused", refusal };
}
