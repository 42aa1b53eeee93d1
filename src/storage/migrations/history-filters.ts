import { Migration } from "@mikro-orm/migrations";

/** What makes each filter of history as fast as no filter. */
export class HistoryFilters extends Migration {
  override readonly name = "2026-11-24-history-filters";

  override up(): void {
    this.addSql(FILTERS);
  }
}

// Without them, a page of what is rare (the agent of a year ago, the resets of a cycle)
// reads all of history. Nearly all transactions are of two kinds, whose pages are found
// at once without an index, so the index of kinds has none of them.
const FILTERS = `
create index transactions_agent on transactions (organization_id, agent_id, version) where agent_id is not null;
create index transactions_workspace on transactions (organization_id, workspace_id, version)
  where workspace_id is not null;
create index transactions_member on transactions (organization_id, member_id, version) where member_id is not null;
create index transactions_model on transactions (organization_id, model_id, version) where model_id is not null;
create index transactions_rare_kind on transactions (organization_id, kind, version)
  where kind not in ('RESERVE', 'SETTLE');
`;
