import { Migration } from "@mikro-orm/migrations";

/** Subscriptions, the catalogue, and what refunds and cycles add to history. */
export class Plans extends Migration {
  override readonly name = "2026-11-22-plans";

  override up(): void {
    this.addSql(HISTORY);
    this.addSql(REFERENCES);
    this.addSql(SUBSCRIPTIONS);
    this.addSql(CATALOGUES);
    this.addSql(TEST_CLOCKS);
  }
}

// A balance shows its cycle, and every call answers with one: the account has it at hand.
const HISTORY = `
alter table transactions add column made jsonb, add column subscription jsonb;
create index transactions_subscription on transactions (organization_id, version) where subscription is not null;
alter table accounts add column cycle_start_time timestamptz, add column cycle_end_time timestamptz,
  add constraint accounts_cycle check (cycle_start_time < cycle_end_time),
  add constraint accounts_cycle_whole check ((cycle_start_time is null) = (cycle_end_time is null));
`;

// References are looked up by how they begin, too: ordered by their bytes, the index that keeps them unique serves that.
const REFERENCES = `
alter table grants alter column reference type text collate "C";
`;

// One row an organization: the last change that it went through says all of it, in its canonical shape.
const SUBSCRIPTIONS = `
create table subscriptions (
  organization_id text primary key,
  state text not null check (state in ('ACTIVE', 'PAST_DUE', 'ENDED')),
  plan_id text not null,
  scheduled_plan_id text,
  version bigint not null check (version > 0),
  subscription jsonb not null
) with (fillfactor = 70);
create index subscriptions_plan on subscriptions (plan_id) where state <> 'ENDED';
create index subscriptions_scheduled_plan on subscriptions (scheduled_plan_id) where state <> 'ENDED';
`;

const CATALOGUES = `
create table catalogues (
  version bigint primary key check (version > 0),
  effective_time timestamptz not null,
  request_id uuid unique,
  fingerprint bytea,
  catalogue jsonb not null,
  constraint catalogues_request check ((request_id is null) = (fingerprint is null))
);
`;

// Empty, unless a server was started with test clocks.
const TEST_CLOCKS = `
create table test_clocks (
  organization_id text primary key,
  clock_time timestamptz not null
);
`;
