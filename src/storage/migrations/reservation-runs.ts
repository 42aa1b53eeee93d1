import { Migration } from "@mikro-orm/migrations";

/** The reservations of a run are found by its changes. */
export class ReservationRuns extends Migration {
  override readonly name = "2026-11-29-reservation-runs";

  override up(): void {
    this.addSql(UNINDEX);
  }
}

// A reservation that ends needs new entries in every index, so that this one was written twice for each.
const UNINDEX = `
drop index reservations_run;
`;
