import { expect } from "chai";
import { sql } from "kysely";
import { seedDatabase } from "../../bench/seed/seed.ts";
import { THE_ONE } from "../../bench/seed/shape.ts";
import { createOrm, type Orm } from "../../src/storage/orm.ts";
import { type TransactionQuery, transactionPage } from "../../src/storage/transaction-page.ts";
import { ormSettings } from "../service/support/orm-settings.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

const ANY: TransactionQuery = {
  kinds: [],
  runId: undefined,
  agentId: undefined,
  workspaceId: undefined,
  memberId: undefined,
  modelId: undefined,
  startTime: undefined,
  endTime: undefined,
  beforeVersion: undefined,
  limit: 51,
};

/** What is asked, and the index that finds it in the order of the page. */
const PAGES: readonly (readonly [title: string, query: Partial<TransactionQuery>, index: string])[] = [
  ["everything", {}, "transactions_pkey"],
  ["a page further back", { beforeVersion: 1_000n }, "transactions_pkey"],
  ["an agent", { agentId: "agent-5" }, "transactions_agent"],
  ["a workspace", { workspaceId: "workspace-1" }, "transactions_workspace"],
  ["a member", { memberId: "member-3" }, "transactions_member"],
  ["a model", { modelId: "tavily/search" }, "transactions_model"],
  ["a rare kind", { kinds: ["CYCLE_RESET"] }, "transactions_rare_kind"],
  ["rare kinds", { kinds: ["REFUND", "GRANT", "REFUND"] }, "transactions_rare_kind"],
];

type Plan = Readonly<{ "Index Name"?: string; Filter?: string; Plans?: readonly Plan[] }>;

describe("a page of history", () => {
  let database: TestDatabase;
  let orm: Orm;

  before(async () => {
    database = await createTestDatabase();
    orm = createOrm(ormSettings(database.url));
    await seedDatabase(database.url, { kind: "one", transactions: 4_000, requestIds: "v7" }, () => undefined);
  });

  after(async () => {
    await orm.close(true);
    await database.drop();
  });

  for (const [title, query, index] of PAGES) {
    it(`of ${title} is read from an index that has it in order, and nothing is read that it does not show`, async () => {
      const nodes = nodesOf(await planOf({ ...ANY, ...query }));
      expect(nodes.flatMap((node) => node["Index Name"] ?? [])).to.deep.equal([index]);
      expect(nodes.flatMap(({ Filter }) => Filter ?? [])).to.deep.equal([]);
    });
  }

  it("of several kinds has the newest of all of them, each once", async () => {
    const kinds = ["REFUND", "CYCLE_RESET", "REFUND", "CHARGE"] as const;
    const rows = await pageOf({ ...ANY, kinds });
    const all = await pageOf({ ...ANY, limit: 10_000 });
    const expected = all.filter(({ kind }) => kinds.some((wanted) => wanted === kind));
    expect(rows).to.deep.equal(expected.slice(0, ANY.limit));
    expect(rows.length).to.be.greaterThan(20);
  });

  async function pageOf(query: TransactionQuery): Promise<readonly { version: string; kind: string }[]> {
    const range = { after: undefined, upTo: undefined };
    const { rows } = await transactionPage(THE_ONE, query, range).execute(orm.em.fork().getKysely<unknown>());
    return rows.map(({ version, kind }) => ({ version, kind }));
  }

  async function planOf(query: TransactionQuery): Promise<Plan> {
    const page = transactionPage(THE_ONE, query, { after: undefined, upTo: undefined });
    const { rows } = await sql<{ "QUERY PLAN": readonly [{ Plan: Plan }] }>`
      explain (format json) ${page}`.execute(orm.em.fork().getKysely<unknown>());
    const [row] = rows;
    if (!row) throw new Error("no plan");
    return row["QUERY PLAN"][0].Plan;
  }
});

function nodesOf(plan: Plan): readonly Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
}
