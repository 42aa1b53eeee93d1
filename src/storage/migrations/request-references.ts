import { Migration } from "@mikro-orm/migrations";

/** What payment systems call for may have a reference of its own. */
export class RequestReferences extends Migration {
  override readonly name = "2026-11-24-request-references";

  override up(): void {
    this.addSql(REQUEST_REFERENCE);
  }
}

// `reference` is a grant's, or why something was done; this one is what a request acts under, once.
const REQUEST_REFERENCE = `
alter table transactions add column request_reference text collate "C";
create unique index transactions_reference_once on transactions (organization_id, request_reference)
  where request_reference is not null;
`;
