import { Migration } from "@mikro-orm/migrations";

/**
 * The ledger. Every primary key starts with organization_id, so that an
 * organization lives on one shard when the database is distributed.
 */
export class Ledger extends Migration {
  override readonly name = "2026-11-22-ledger";

  override up(): void {
    this.addSql(ACCOUNTS);
    this.addSql(GRANTS);
    this.addSql(DEBTS);
    this.addSql(RESERVATIONS);
    this.addSql(TRANSACTIONS);
    this.addSql(APPEND_ONLY);
  }
}

// Rows that change in place leave room on their page, so that an update needs no
// new index entries (fillfactor); nothing that changes often is indexed.
const ACCOUNTS = `
create table accounts (
  organization_id text primary key,
  version bigint not null check (version >= 0),
  update_time timestamptz not null,
  subscription_micros bigint not null check (subscription_micros >= 0),
  promotional_micros bigint not null check (promotional_micros >= 0),
  purchased_micros bigint not null check (purchased_micros >= 0),
  reserved_micros bigint not null check (reserved_micros >= 0),
  debt_micros bigint not null check (debt_micros between 0 and 1000000000000000000),
  next_due_time timestamptz,
  head_hash bytea not null,
  constraint accounts_total check (subscription_micros + promotional_micros + purchased_micros <= 1000000000000000000),
  constraint accounts_reserved check (reserved_micros <= subscription_micros + promotional_micros + purchased_micros),
  constraint accounts_debt check (
    debt_micros = 0 or reserved_micros = subscription_micros + promotional_micros + purchased_micros)
) with (fillfactor = 50);
create index accounts_due on accounts (next_due_time) where next_due_time is not null;
`;

const GRANTS = `
create table grants (
  organization_id text not null,
  grant_id uuid not null,
  kind text not null check (kind in ('SUBSCRIPTION', 'PROMOTIONAL', 'PURCHASED')),
  amount_micros bigint not null check (amount_micros between 1 and 1000000000000000),
  free_micros bigint not null check (free_micros >= 0),
  held_micros bigint not null check (held_micros >= 0),
  consumed_micros bigint not null check (consumed_micros >= 0),
  expired_micros bigint not null check (expired_micros >= 0),
  voided_micros bigint not null check (voided_micros >= 0),
  open boolean not null,
  create_time timestamptz not null,
  expire_time timestamptz,
  reference text not null,
  version bigint not null,
  voided boolean not null,
  spent_becomes_debt boolean not null,
  primary key (organization_id, grant_id),
  unique (organization_id, reference),
  constraint grants_placed check (
    amount_micros = free_micros + held_micros + consumed_micros + expired_micros + voided_micros),
  constraint grants_open check (open = (free_micros > 0 or held_micros > 0)),
  constraint grants_purchased check (kind <> 'PURCHASED' or expire_time is null),
  constraint grants_voided check (not voided or free_micros = 0)
) with (fillfactor = 50);
create index grants_open on grants (organization_id) where open;
`;

const DEBTS = `
create table debts (
  organization_id text not null,
  version bigint not null,
  incurred_micros bigint not null check (incurred_micros > 0),
  paid_micros bigint not null,
  primary key (organization_id, version),
  constraint debts_paid check (paid_micros between 0 and incurred_micros)
);
create index debts_owed on debts (organization_id) where paid_micros < incurred_micros;
`;

const RESERVATIONS = `
create table reservations (
  organization_id text not null,
  reservation_id uuid not null,
  state text not null check (state in ('HELD', 'EXPIRED', 'SETTLED', 'RELEASED')),
  amount_micros bigint not null check (amount_micros >= 0),
  holds jsonb not null,
  settled_micros bigint check (settled_micros >= 0),
  payments jsonb not null,
  debt_micros bigint not null check (debt_micros >= 0),
  refunded_micros bigint not null check (refunded_micros >= 0),
  late boolean not null,
  create_time timestamptz not null,
  expire_time timestamptz not null,
  end_time timestamptz,
  end_version bigint,
  versions bigint[] not null,
  run_id text,
  node_id text,
  agent_id text,
  workspace_id text,
  member_id text,
  parent_run_id text,
  model_id text,
  labels jsonb,
  primary key (organization_id, reservation_id),
  constraint reservations_settled check ((state = 'SETTLED') = (settled_micros is not null)),
  constraint reservations_ended check ((state in ('SETTLED', 'RELEASED')) = (end_time is not null)),
  constraint reservations_refunded check (refunded_micros <= coalesce(settled_micros, 0))
) with (fillfactor = 85);
create index reservations_held on reservations (organization_id, expire_time) where state = 'HELD';
create index reservations_run on reservations (organization_id, run_id) where run_id is not null;
`;

const TRANSACTIONS = `
create table transactions (
  organization_id text not null,
  version bigint not null check (version > 0),
  kind text not null,
  effective_time timestamptz not null,
  record_time timestamptz not null,
  request_id uuid,
  fingerprint bytea,
  request_ordinal integer not null,
  actor text not null,
  reservation_id uuid,
  grant_id uuid,
  grant_kind text,
  amount_micros bigint not null check (amount_micros >= 0),
  expire_time timestamptz,
  late boolean,
  spent_becomes_debt boolean,
  reference text,
  run_id text,
  node_id text,
  agent_id text,
  workspace_id text,
  member_id text,
  parent_run_id text,
  model_id text,
  labels jsonb,
  movements jsonb not null,
  subscription_micros bigint not null,
  promotional_micros bigint not null,
  purchased_micros bigint not null,
  reserved_micros bigint not null,
  debt_micros bigint not null,
  grant_after jsonb,
  hash bytea not null,
  primary key (organization_id, version),
  constraint transactions_times check (record_time >= effective_time),
  constraint transactions_request check ((request_id is null) = (fingerprint is null))
);
create unique index transactions_request_once on transactions (organization_id, request_id, request_ordinal)
  where request_id is not null;
create index transactions_run on transactions (organization_id, run_id, version) where run_id is not null;
`;

// R-HIST-1, where one database role does everything: the table itself refuses.
const APPEND_ONLY = `
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'transactions are append-only' using errcode = 'restrict_violation';
end $$;
create trigger transactions_append_only before update or delete or truncate on transactions
  for each statement execute function refuse_change();
`;
