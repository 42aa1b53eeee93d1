import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { sql } from "kysely";
import type { CreditLedger } from "../../src/service/credit-ledger.ts";
import { accepted, answerTo, chargeOf, grantOf, valueIn } from "./support/asking.ts";
import { LedgerRig } from "./support/ledger-rig.ts";
import { until } from "./support/until.ts";

describe("a server whose connections are cut", () => {
  let rig: LedgerRig;

  before(async () => {
    rig = await LedgerRig.open();
  });

  after(async () => {
    await rig.expectSound();
    await rig.close();
  });

  /** Ends the sessions that are inside a transaction at the moment; gives their number. */
  async function cutConnections(): Promise<number> {
    const rows = await rig.rows(sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'`);
    return rows.length;
  }

  it("gets every lost connection back, also those lost inside a transaction (more of them than the pool has)", async () => {
    const ledger = rig.serve({ database: { connectionsMax: 4 }, lanes: { count: 1 } });
    const asking = { organizationId: "leak" };
    await accepted(ledger, asking, grantOf(1_000_000n));
    for (let cut = 0; cut < 8; ) {
      const charges = Array.from({ length: 20 }, () => accepted(ledger, asking, chargeOf(1n)));
      cut += await cutConnections();
      await Promise.all(charges);
    }
    valueIn(await ledger.getBalance("leak", undefined));
    await rig.stop(ledger);
  });

  it("R-REQ-4: gives every request exactly one effect, whenever the connection is lost", async () => {
    const ledger = rig.serve({ lanes: { batchCommandsMax: 32 } });
    const organizations = ["cut-a", "cut-b", "cut-c"];
    for (const organizationId of organizations)
      await accepted(ledger, { organizationId }, grantOf(10_000_000n));
    const requests = Array.from({ length: 900 }, (_, index) => ({
      organizationId: organizations[index % 3] ?? "",
      requestId: randomUUID(),
    }));
    let answered = 0;
    const charging = requests.map(async (request) => {
      const id = await insist(ledger, request);
      answered += 1;
      return id;
    });
    // A cut in the middle of a transaction, each time that a sixth of the work is done.
    for (let cuts = 0; cuts < 5; cuts += 1) {
      await until(async () => answered === requests.length || (await cutConnections()) > 0);
      const seen = answered;
      await until(() => answered === requests.length || answered >= seen + 100);
    }
    const ids = await Promise.all(charging);
    expect(new Set(ids).size).to.equal(900);
    for (const organizationId of organizations) {
      const { version, balance } = valueIn(await ledger.getBalance(organizationId, undefined));
      expect(version).to.equal(301n);
      expect(balance.promotionalMicros).to.equal(10_000_000n - 300n);
    }
  });

  /** A client that repeats its request until it is answered; gives the id of the charge. */
  async function insist(
    ledger: CreditLedger,
    request: { organizationId: string; requestId: string },
  ): Promise<string | undefined> {
    for (;;) {
      try {
        const { reservations } = valueIn(await answerTo(ledger, request, chargeOf(1n)));
        return reservations[0]?.reservationId;
      } catch (error) {
        expect(error).to.have.property("fault", "DATABASE_UNAVAILABLE");
      }
    }
  }
});
