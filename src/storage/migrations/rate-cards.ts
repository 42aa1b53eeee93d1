import { Migration } from "@mikro-orm/migrations";

/**
 * Rate cards, and what reservations and transactions were priced by. Cards belong to
 * no organization: where the database is distributed, this is a reference table.
 */
export class RateCards extends Migration {
  override readonly name = "2026-11-22-rate-cards";

  override up(): void {
    this.addSql(RATE_CARDS);
    this.addSql(IMMUTABLE);
    for (const table of ["reservations", "transactions"]) this.addSql(pricingOf(table));
  }
}

// The first card, of a new database, was asked for by nobody. The content is JSON as
// text: jsonb would reorder the settings, which a panel shows in their order.
const RATE_CARDS = `
create table rate_cards (
  version bigint primary key check (version > 0),
  effective_time timestamptz not null,
  publish_time timestamptz not null,
  publisher text not null,
  title text not null,
  model_count integer not null check (model_count > 0),
  request_id uuid unique,
  fingerprint bytea,
  content text not null,
  constraint rate_cards_times check (effective_time >= publish_time),
  constraint rate_cards_request check ((request_id is null) = (fingerprint is null))
);
`;

const IMMUTABLE = `
create function refuse_rate_card_change() returns trigger language plpgsql as $$
begin
  raise exception 'rate cards are immutable' using errcode = 'restrict_violation';
end $$;
create trigger rate_cards_immutable before update or delete or truncate on rate_cards
  for each statement execute function refuse_rate_card_change();
`;

function pricingOf(table: string): string {
  return `
alter table ${table} add column rate_card_version bigint, add column pricing text,
  add constraint ${table}_pricing check ((rate_card_version is null) = (pricing is null));
`;
}
