import { Migration } from "@mikro-orm/migrations";

/** Where in an organization's history something occurs, for lists that ask for it. */
export class HistorySegments extends Migration {
  override readonly name = "2026-11-24-history-segments";

  override up(): void {
    this.addSql(SEGMENTS);
    this.addSql(INDEXING);
  }
}

// One row for each value that occurs in 512 changes, written once they are there: a fifth of a row
// for each change, and none of it while credits are spent. An index on each column would have cost
// the insert of changes a third more.
const SEGMENTS = `
create table history_segments (
  organization_id text not null,
  field text not null check (field in ('kind', 'agent_id', 'member_id', 'model_id', 'workspace_id')),
  value text not null,
  segment bigint not null check (segment >= 0),
  primary key (organization_id, field, value, segment)
);
`;

// How many segments of each organization are in it.
const INDEXING = `
create table history_indexing (
  organization_id text primary key,
  segments bigint not null check (segments >= 0)
);
`;
