import { Migration } from "@mikro-orm/migrations";

/** How autovacuum and the tables' pages suit what is done to them. */
export class Vacuum extends Migration {
  override readonly name = "2026-11-24-vacuum";

  override up(): void {
    this.addSql(TRANSACTIONS);
    this.addSql(RESERVATIONS);
  }
}

// Rows that are only added leave nothing to clean up, but until a vacuum has seen them,
// each has its transaction looked up when it is read, and one day all of them at once must
// be marked as old. By default that comes after a fifth of the table: at ten million rows
// after two million more. Here after each million, however large the table is; and as a row
// never changes, it is marked for ever the first time. A vacuum visits only pages that are new.
const TRANSACTIONS = `
alter table transactions set (
  autovacuum_vacuum_insert_scale_factor = 0,
  autovacuum_vacuum_insert_threshold = 1000000,
  autovacuum_freeze_min_age = 0
);
`;

// A hold's end takes it out of the index of holds, so that it needs new index entries
// wherever the row lies: of 4,700 measured, none was a "hot" update. Room left on the page
// for it (fillfactor 85) made the table a tenth larger and saved nothing: the same bytes of
// log, within one in a hundred.
const RESERVATIONS = `
alter table reservations set (fillfactor = 100);
`;
