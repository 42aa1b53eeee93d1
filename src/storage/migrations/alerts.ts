import { Migration } from "@mikro-orm/migrations";

/** Low-balance thresholds, the alerts that they made, and what streams over all organizations follow. */
export class Alerts extends Migration {
  override readonly name = "2026-11-22-alerts";

  override up(): void {
    this.addSql(ACCOUNTS);
    this.addSql(ALERT_SETTINGS);
    this.addSql(ALERTS);
    this.addSql(ALERT_FEED);
  }
}

// Whether an organization has thresholds stands beside its balance, so that those
// without any cost the spend path nothing.
const ACCOUNTS = `
alter table accounts
  add column alerting boolean not null default false,
  add column alert_number bigint not null default 0 check (alert_number >= 0);
`;

const ALERT_SETTINGS = `
create table alert_settings (
  organization_id text primary key,
  thresholds jsonb not null,
  cycle_end_time timestamptz,
  cycle_micros bigint check (cycle_micros > 0),
  constraint alert_settings_cycle check ((cycle_end_time is null) = (cycle_micros is null))
) with (fillfactor = 85);
`;

// The sequence comes after the commit, so that it has no gaps which are filled
// later: a reader that follows it skips nothing.
const ALERTS = `
create table alerts (
  organization_id text not null,
  alert_number bigint not null check (alert_number > 0),
  kind text not null check (kind in ('LOW', 'RECOVERED')),
  threshold text not null,
  level_micros bigint not null check (level_micros >= 0),
  remaining_micros bigint not null,
  version bigint not null check (version > 0),
  effective_time timestamptz not null,
  record_time timestamptz not null,
  sequence bigint check (sequence > 0),
  primary key (organization_id, alert_number)
);
create index alerts_sequence on alerts (sequence) where sequence is not null;
create index alerts_unsequenced on alerts (record_time, organization_id, alert_number) where sequence is null;
`;

// One row: which database this is, and the sequence of its last alert. It is the
// one table that is not of an organization.
const ALERT_FEED = `
create table alert_feed (
  singleton boolean primary key default true check (singleton),
  database_id uuid not null,
  sequence bigint not null
);
insert into alert_feed (database_id, sequence) values (gen_random_uuid(), 0);
`;
