import { invariant } from "../invariant.ts";
import type { Calendar } from "../plans/calendar.ts";
import type { Catalogue } from "../plans/catalogue.ts";
import type { Time } from "../time.ts";
import type { Changes } from "./ledger.ts";
import type { RateCards } from "./model-call.ts";
import type { Refusal } from "./refusal.ts";

/** What a decision may know beside the ledger and the command. */
export type Clock = Readonly<{
  /** R-BAL-5: the later of the database's clock and the organization's last change. */
  now: Time;
  /** Gives the next server-made id: a UUID, version 7. */
  newId: () => string;
  /** Needed where commands or boundaries are about plans. */
  plans?: Plans;
  /** Needed where something is priced by a rate card. */
  rateCards?: RateCards;
}>;

/** What plans are decided by. */
export type Plans = Readonly<{
  calendar: Calendar;
  /** The catalogue that counted at a moment: a boundary that is recorded late goes by the one of its time. */
  catalogueAt: (time: Time) => Catalogue;
}>;

export function plansOf({ plans }: Clock): Plans {
  invariant(plans !== undefined, "a command about plans, and no plans are at hand");
  return plans;
}

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
