import { expect } from "chai";
import type { Discrepancy } from "../../src/domain/ledger/discrepancy.ts";
import type { LedgerHead } from "../../src/domain/ledger/verify.ts";
import type { CreditLedger } from "../../src/service/credit-ledger.ts";
import {
  Verification,
  type VerificationProgress,
  type VerificationScope,
  type VerificationSummary,
  verifyLedger,
} from "../../src/service/verification.ts";
import { VerificationStream } from "../../src/service/verification-stream.ts";
import { seal } from "../../src/storage/hash-chain.ts";
import { LedgerSnapshot } from "../../src/storage/ledger-snapshot.ts";
import { accepted, chargeOf, grantOf, releaseOf, reserved, settleOf, valueIn } from "./support/asking.ts";
import { DAMAGES } from "./support/damages.ts";
import { LedgerRig } from "./support/ledger-rig.ts";

/** Tables whose rows follow from transactions, and a row of each. */
const ORPHANS: readonly [string, string][] = [
  ["usage_cursors", "1"],
  ["usage_summaries", "0, 'day', '2026-02-02 00:00+00', '', '', '', '', '', 1, 0, 1, 0"],
  ["usage_runs", "'run', 1, now(), now(), null, null, null, null, 1, 0, 1, 0"],
  ["alerts", "1, 'LOW', '[]', 1, 0, 1, now(), now(), null"],
  ["alert_settings", "'[]', null, null"],
  ["history_segments", "'kind', 'GRANT', 0"],
  ["history_indexing", "1"],
];

describe("R-HIST-4: verification", () => {
  let rig: LedgerRig;
  let ledger: CreditLedger;

  before(async () => {
    rig = await LedgerRig.open();
    ledger = rig.serve();
    const asking = { organizationId: "verified" };
    await accepted(ledger, asking, grantOf(100n));
    const id = await reserved(ledger, asking, 30n, { context: { runId: "r", labels: { a: "b" } } });
    await accepted(ledger, asking, settleOf(id, 20n));
    await accepted(ledger, asking, releaseOf(await reserved(ledger, asking, 5n)));
    await reserved(ledger, asking, 10n);
    const owing = { organizationId: "owing" };
    await accepted(ledger, owing, grantOf(100n));
    await accepted(ledger, owing, chargeOf(300n, { allowDebt: true }));
    await accepted(ledger, owing, grantOf(50n));
    const paying = { organizationId: "paying" };
    await accepted(ledger, paying, grantOf(100n));
    await accepted(ledger, paying, chargeOf(120n, { allowDebt: true }));
    await accepted(ledger, paying, grantOf(50n));
    await accepted(ledger, { organizationId: "bystander" }, grantOf(1n));
    await rig.stop(ledger);
  });

  after(async () => {
    await rig.close();
  });

  async function found(organizationId?: string): Promise<readonly Discrepancy[]> {
    return (await verifyLedger(rig.orm, organizationId)).discrepancies;
  }

  it("finds nothing where nothing is amiss, and counts what it looked at", async () => {
    expect(await verifyLedger(rig.orm)).to.deep.equal({
      organizations: 4,
      transactions: 13,
      discrepancies: [],
    });
    expect(await verifyLedger(rig.orm, "owing")).to.deep.equal({
      organizations: 1,
      transactions: 3,
      discrepancies: [],
    });
  });

  for (const [name, statement, place] of DAMAGES) {
    it(`finds ${name}`, async () => {
      const owing = name.includes("paid debt") ? "paying" : "owing";
      const organizationId = /debts/.test(statement) ? owing : "verified";
      const scoped = / where /.test(statement) ? " and " : " where ";
      await damaged(`${statement}${scoped}organization_id = '${organizationId}'`, async () => {
        const { discrepancies, organizations } = await verifyLedger(rig.orm);
        expect(organizations, "looked at, also behind the damage").to.equal(4);
        expect(discrepancies).to.not.deep.equal([]);
        expect(new Set(discrepancies.map((each) => each.organizationId))).to.deep.equal(
          new Set([organizationId]),
        );
        expect(discrepancies[0]?.place).to.match(place);
        expect(await found("bystander")).to.deep.equal([]);
      });
      expect(await found(), "mended").to.deep.equal([]);
    });
  }

  it("finds an organization's history rewritten, hashes and all, by a head that was kept elsewhere", async () => {
    const { version, hash } = await headOf("paying");
    const kept = { version, hash };
    await damaged("select 1", async () => {
      await rewrite("paying");
      expect(await found("paying"), "every hash fits").to.deep.equal([]);
      const [finding] = await findingsWith({ organizationId: "paying", keptHead: kept });
      expect(finding?.place).to.equal(`transaction ${version}`);
      expect(finding?.expected).to.include(hash);
    });
    expect(await findingsWith({ organizationId: "paying", keptHead: kept })).to.deep.equal([]);
  });

  it("finds a missing number among alerts", async () => {
    await rig.run(`insert into alerts select 'verified', n, 'LOW', '[]', 1, 0, 1, now(), now(), null
      from unnest(array[1, 3]) n`);
    await rig.run("update accounts set alert_number = 3 where organization_id = 'verified'");
    expect((await found()).map(({ place }) => place)).to.deep.equal(["alerts"]);
    await rig.run("delete from alerts");
    await rig.run("update accounts set alert_number = 0");
  });

  for (const [table, values] of ORPHANS) {
    it(`finds a row of ${table} whose organization has nothing else`, async () => {
      await rig.run(`insert into ${table} values ('nowhere', ${values})`);
      const discrepancies = await found();
      await rig.run(`delete from ${table} where organization_id = 'nowhere'`);
      expect(discrepancies[0]).to.deep.include({ organizationId: "nowhere", place: "account" });
      expect(await found()).to.deep.equal([]);
    });
  }

  it("R-REQ-1: finds that the index which keeps a request from counting twice is gone", async () => {
    await rig.run("alter index transactions_request_once rename to something_else");
    const [finding] = await found("bystander");
    expect(finding?.place).to.equal("index transactions_request_once");
    await rig.run("alter index something_else rename to transactions_request_once");
  });

  it("R-GRANT-6: tells where all credits are", async () => {
    const { totals } = await summaryOf({});
    expect(totals).to.deep.equal({
      grantedMicros: 401n,
      freeMicros: 101n,
      heldMicros: 10n,
      consumedMicros: 290n,
      expiredMicros: 0n,
      voidedMicros: 0n,
      incurredMicros: 220n,
      paidMicros: 70n,
    });
  });

  it("ends soon after nobody waits for it any more", async () => {
    const leaving = new AbortController();
    const seen = new Set<string>();
    const progress = ({ organizationId }: VerificationProgress) => {
      seen.add(organizationId);
      leaving.abort(new Error("left"));
    };
    const listener = { progress, finding: () => undefined };
    const run = new Verification(rig.orm, {}, listener, leaving.signal).run();
    expect(await run.catch((error: Error) => error.message)).to.equal("left");
    expect(seen.size).to.equal(1);
  });

  it("tells that it goes on while it sums usage up, and ends there too once nobody waits for it", async () => {
    const leaving = new AbortController();
    let told = 0;
    const progress = ({ organizations }: VerificationProgress) => {
      if (organizations === 0) told += 1;
      if (told === 2) leaving.abort(new Error("left"));
    };
    const listener = { progress, finding: () => undefined };
    const run = new Verification(rig.orm, { organizationId: "verified" }, listener, leaving.signal).run();
    const outcome = await run.catch((error: Error) => error.message);
    expect(outcome).to.equal("left");
  });

  it("a reader that leaves ends the work", async () => {
    const stream = new VerificationStream(rig.orm, {}, new AbortController().signal);
    const events = stream.events();
    await events.next();
    await events.return(undefined);
    await stream.done;
    expect((await events.next()).done).to.equal(true);
    // Another reader hears how the work ended: were it not for who left, with its summary.
    const ending = await stream
      .events()
      .next()
      .catch((error: Error) => error.name);
    expect(ending).to.equal("AbortError");
  });

  it("looks at nothing of an organization that never was", async () => {
    expect(await verifyLedger(rig.orm, "nobody")).to.deep.equal({
      organizations: 0,
      transactions: 0,
      discrepancies: [],
    });
  });

  async function summaryOf(scope: VerificationScope): Promise<VerificationSummary> {
    const listener = { progress: () => undefined, finding: () => undefined };
    return valueIn(await new Verification(rig.orm, scope, listener, new AbortController().signal).run());
  }

  async function findingsWith(scope: VerificationScope): Promise<readonly Discrepancy[]> {
    const findings: Discrepancy[] = [];
    const listener = { progress: () => undefined, finding: (each: Discrepancy) => findings.push(each) };
    await new Verification(rig.orm, scope, listener, new AbortController().signal).run();
    return findings;
  }

  async function headOf(organizationId: string): Promise<LedgerHead> {
    const { head } = await summaryOf({ organizationId });
    if (!head) throw new Error("no head");
    return head;
  }

  /** Says that somebody else had asked for the first change, and makes every hash fit that. */
  async function rewrite(organizationId: string): Promise<void> {
    let hash = "";
    await LedgerSnapshot.read(rig.orm, organizationId, async (snapshot) => {
      for (const { hash: _, ...transaction } of await snapshot.transactions([1n, 2n, 3n])) {
        const actor = transaction.version === 1n ? "somebody else" : transaction.actor;
        hash = seal(hash, { ...transaction, actor }).hash;
        await rig.run(`update transactions set actor = '${actor}', hash = decode('${hash}', 'hex')
          where organization_id = '${organizationId}' and version = ${transaction.version}`);
      }
    });
    await rig.run(`update accounts set head_hash = decode('${hash}', 'hex')
      where organization_id = '${organizationId}'`);
  }

  const TABLES = ["accounts", "grants", "debts", "reservations", "transactions"];

  /** Does the damage past the trigger, and mends it afterwards from copies of the tables. */
  async function damaged(statement: string, look: () => Promise<void>): Promise<void> {
    await rig.run("alter table transactions disable trigger transactions_append_only");
    for (const table of TABLES) await rig.run(`create table ${table}_copy as table ${table}`);
    try {
      await rig.run(statement);
      await look();
    } finally {
      for (const table of TABLES) {
        await rig.run(`delete from ${table}`);
        await rig.run(`insert into ${table} table ${table}_copy`);
        await rig.run(`drop table ${table}_copy`);
      }
      await rig.run("alter table transactions enable trigger transactions_append_only");
    }
  }
});
