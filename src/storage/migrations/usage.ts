import { Migration } from "@mikro-orm/migrations";

/** Summaries of usage, which follow behind the transactions, and what kind each model is of. */
export class Usage extends Migration {
  override readonly name = "2026-11-24-usage";

  override up(): void {
    this.addSql(CURSORS);
    this.addSql(SUMMARIES);
    this.addSql(RUNS);
    this.addSql(MODEL_KINDS);
    this.addSql(KNOWN_KINDS);
  }
}

// Up to which version an organization is summed up; all of its summaries are as of it.
const CURSORS = `
create table usage_cursors (
  organization_id text primary key,
  version bigint not null check (version >= 0)
) with (fillfactor = 50);
`;

// Empty text stands for what a summary does not tell apart, and for what nobody named:
// a primary key has no nulls. Keys are ordered by their bytes, which is cheap. Sums have no limit that could stop the summing up.
const SUMMARIES = `
create table usage_summaries (
  organization_id text not null,
  keys smallint not null,
  span text not null check (span in ('hour', 'day', 'month')),
  start_time timestamptz not null,
  agent_id text collate "C" not null,
  model_id text collate "C" not null,
  workspace_id text collate "C" not null,
  member_id text collate "C" not null,
  run_id text collate "C" not null,
  calls bigint not null,
  late_calls bigint not null,
  settled_micros numeric not null,
  refunded_micros numeric not null,
  primary key (organization_id, keys, span, start_time, agent_id, model_id, workspace_id, member_id, run_id)
) with (fillfactor = 85);
`;

// A run's number in time is its first version: transactions are in the order of their times.
const RUNS = `
create table usage_runs (
  organization_id text not null,
  run_id text not null,
  first_version bigint not null,
  start_time timestamptz not null,
  update_time timestamptz not null,
  agent_id text,
  workspace_id text,
  member_id text,
  parent_run_id text,
  calls bigint not null,
  late_calls bigint not null,
  settled_micros numeric not null,
  refunded_micros numeric not null,
  consumed_micros numeric not null generated always as (settled_micros - refunded_micros) stored,
  primary key (organization_id, run_id)
) with (fillfactor = 85);
create index usage_runs_newest on usage_runs (organization_id, first_version);
create index usage_runs_dearest on usage_runs (organization_id, consumed_micros, first_version);
create index usage_runs_children on usage_runs (organization_id, parent_run_id) where parent_run_id is not null;
`;

// Models belong to no organization: where the database is distributed, this is a
// reference table beside that of rate cards.
const MODEL_KINDS = `
create table model_kinds (
  model_id text collate "C" primary key,
  kind text not null check (kind in ('IMAGE', 'VIDEO', 'TEXT', 'AUDIO')),
  rate_card_version bigint not null
);
`;

/** Of the cards that were published before. */
export const KNOWN_KINDS = `
insert into model_kinds (model_id, kind, rate_card_version)
select distinct on (m.model ->> 'modelId') m.model ->> 'modelId', m.model ->> 'kind', c.version
from rate_cards c, json_array_elements(c.content::json -> 'models') as m (model)
where m.model ->> 'kind' is not null
order by m.model ->> 'modelId', c.version desc;
`;
