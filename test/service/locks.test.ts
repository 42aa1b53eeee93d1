import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { expect } from "chai";
import { sql } from "kysely";
import { commitBatch } from "../../src/service/batch.ts";
import { createOrm, type Orm } from "../../src/storage/orm.ts";
import { accepted, chargeOf, grantOf, valueIn } from "./support/asking.ts";
import { batchGround } from "./support/batch-ground.ts";
import { LedgerRig } from "./support/ledger-rig.ts";
import { ormSettings } from "./support/orm-settings.ts";

describe("servers that meet at the same rows", () => {
  let rig: LedgerRig;
  const children: ChildProcess[] = [];

  before(async () => {
    rig = await LedgerRig.open();
  });

  after(async () => {
    for (const child of children) {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    }
    await rig.expectSound();
    await rig.close();
  });

  async function freezeServer(organizationId: string): Promise<ChildProcess> {
    const program = new URL("support/frozen-server.ts", import.meta.url).pathname;
    const child = spawn(process.execPath, [program, rig.url, organizationId], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.push(child);
    const [chunk] = await once(child.stdout, "data");
    expect(String(chunk)).to.equal("locked\n");
    return child;
  }

  it("a frozen one keeps its locks no longer than it may be idle in a transaction", async () => {
    const ledger = rig.serve({ database: { lockTimeoutMs: 400 } });
    await accepted(ledger, { organizationId: "frozen" }, grantOf(10n));
    const frozen = await freezeServer("frozen");
    const [first, second] = await Promise.all([
      accepted(ledger, { organizationId: "frozen" }, chargeOf(1n)),
      accepted(ledger, { organizationId: "frozen" }, chargeOf(2n)),
    ]);
    expect([first, second].map(({ account }) => account.version)).to.deep.equal([2n, 3n]);
    const output: Buffer[] = [];
    frozen.stdout?.on("data", (chunk: Buffer) => output.push(chunk));
    frozen.kill("SIGCONT");
    await once(frozen, "close");
    expect(String(Buffer.concat(output)), "woken, it takes its transaction for lost").to.equal("away\n");
  });

  it("lock in one order: batches over the same organizations in opposite orders never deadlock", async () => {
    const organizations = Array.from({ length: 100 }, (_, index) => `org-${index}-É`);
    const [one, two] = [rig.serve({ lanes: { count: 1 } }), rig.serve({ lanes: { count: 1 } })];
    for (let round = 0; round < 5; round += 1) {
      await Promise.all([
        ...organizations.map((organizationId) => accepted(one, { organizationId }, grantOf(10n))),
        ...organizations
          .toReversed()
          .map((organizationId) => accepted(two, { organizationId }, grantOf(10n))),
      ]);
    }
    for (const organizationId of organizations)
      expect(valueIn(await one.getBalance(organizationId, undefined)).version).to.equal(10n);
    expect(await deadlocks()).to.equal(0);
  });

  it("lock in one order within a batch too, whatever the order of its items (without retries)", async () => {
    const organizations = Array.from({ length: 60 }, (_, index) => `due-${index}`);
    const orms: Orm[] = [1, 2, 3].map(() => createOrm(ormSettings(rig.url)));
    const ledger = rig.serve();
    await Promise.all(
      organizations.map((organizationId) => accepted(ledger, { organizationId }, grantOf(1n))),
    );
    const orders = [organizations, organizations.toReversed(), organizations.toSorted()];
    await Promise.all(
      orms.map(async (orm, index) => {
        const items = (orders[index] ?? []).map((organizationId) => ({ organizationId, request: undefined }));
        for (let round = 0; round < 10; round += 1) await commitBatch(batchGround(orm), items);
      }),
    );
    await Promise.all(orms.map((orm) => orm.close(true)));
    expect(await deadlocks()).to.equal(0);
  });

  it("one lane scope does not keep servers of another from the same organizations", async () => {
    const [many, single] = [rig.serve(), rig.serve({ lanes: { scope: "one" } })];
    const organizations = Array.from({ length: 10 }, (_, index) => `scope-${index}`);
    await Promise.all(
      Array.from({ length: 10 }, () =>
        organizations.flatMap((organizationId) =>
          [many, single].map((ledger) => accepted(ledger, { organizationId }, grantOf(1n))),
        ),
      ).flat(),
    );
    for (const organizationId of organizations)
      expect(valueIn(await single.getBalance(organizationId, undefined)).version).to.equal(20n);
  });

  async function deadlocks(): Promise<number> {
    const [row] = await rig.rows(sql<{ deadlocks: string }>`
      select deadlocks from pg_stat_database where datname = current_database()`);
    return Number(row?.deadlocks);
  }
});
