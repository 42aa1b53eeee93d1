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
import { LedgerRig } from "./support/ledger-rig.ts";

/** Damage that somebody with all rights does, and where verification says that it is. */
const DAMAGES: readonly [string, string, RegExp][] = [
  [
    "an amount of a transaction",
    "update transactions set amount_micros = amount_micros + 1 where version = 3",
    /^transaction 3$/,
  ],
  ["an actor", "update transactions set actor = 'nobody' where version = 2", /^transaction 2$/],
  ["a label", `update transactions set labels = '{"a":"c"}' where version = 2`, /^transaction 2$/],
  [
    "a time by a microsecond",
    "update transactions set record_time = record_time + interval '1 microsecond' where version = 4",
    /^transaction 4$/,
  ],
  [
    "a movement",
    `update transactions set movements = jsonb_set(movements, '{0,3}', '"31"') where version = 2`,
    /^transaction 2$/,
  ],
  [
    "the balance of a transaction",
    "update transactions set promotional_micros = promotional_micros + 1 where version = 3",
    /^transaction 3$/,
  ],
  ["a transaction in the middle, removed", "delete from transactions where version = 3", /^transaction 4$/],
  ["the last transaction, removed", "delete from transactions where version = 6", /^account$/],
  ["all transactions, removed", "delete from transactions", /^account$/],
  [
    "two transactions that changed places",
    "with gone as (delete from transactions where version in (3, 4) and organization_id = 'verified' returning *) " +
      "insert into transactions select (jsonb_populate_record(g, jsonb_build_object('version', 7 - version))).* from gone g where true",
    /^transaction 3$/,
  ],
  [
    "an added transaction",
    'insert into transactions select (jsonb_populate_record(t, \'{"version": 7, "request_ordinal": 1}\')).* from transactions t where version = 6',
    /^transaction 7$/,
  ],
  [
    "a transaction that can't be read",
    `update transactions set movements = '{"a": 1}' where version = 3`,
    /^transaction 3$/,
  ],
  [
    "a transaction of a kind that there is not",
    "update transactions set kind = 'GIFT' where version = 3",
    /^transaction 3$/,
  ],
  ["a hash", "update transactions set hash = sha256('') where version = 5", /^transaction [56]$/],
  ["the head of the chain", "update accounts set head_hash = sha256('')", /^account$/],
  ["a balance", "update accounts set promotional_micros = promotional_micros + 1", /^account$/],
  ["a version", "update accounts set version = version + 1", /^account$/],
  [
    "when something falls due, later",
    "update accounts set next_due_time = next_due_time + interval '1 hour'",
    /^account$/,
  ],
  ["that something falls due at all", "update accounts set next_due_time = null", /^account$/],
  ["a removed account", "delete from accounts", /^account$/],
  [
    "credits of a grant",
    "update grants set free_micros = free_micros + 1, consumed_micros = consumed_micros - 1 where consumed_micros > 0",
    /^grant /,
  ],
  [
    "an added grant",
    "insert into grants select organization_id, gen_random_uuid(), kind, amount_micros, free_micros, held_micros, consumed_micros, expired_micros, voided_micros, open, create_time, expire_time, 'forged', version, voided, spent_becomes_debt from grants",
    /^grant /,
  ],
  ["a removed grant", "delete from grants", /^grant /],
  [
    "what a reservation cost",
    "update reservations set settled_micros = 3 where state = 'SETTLED'",
    /^reservation /,
  ],
  [
    "a reservation that is held again",
    "update reservations set state = 'HELD', end_time = null where state = 'RELEASED'",
    /^reservation /,
  ],
  [
    "an added reservation",
    "insert into reservations select (jsonb_populate_record(r, jsonb_build_object('reservation_id', gen_random_uuid()))).* from reservations r where state = 'SETTLED'",
    /^reservation /,
  ],
  [
    "a reservation that hides a change",
    "update reservations set versions = versions[1:1] where state = 'RELEASED'",
    /^reservation /,
  ],
  [
    "a reservation that can't be read",
    `update reservations set holds = '{"a": 1}' where state = 'RELEASED'`,
    /^reservation /,
  ],
  [
    "a reservation of another run",
    "update reservations set run_id = 'other' where state = 'SETTLED'",
    /^reservation /,
  ],
  ["a removed reservation", "delete from reservations where state = 'RELEASED'", /^reservation /],
  ["debt that is forgotten", "delete from debts", /^debt /],
  ["paid debt that is forgotten", "delete from debts where paid_micros = incurred_micros", /^debt 2$/],
  [
    "paid debt that is larger",
    "update debts set incurred_micros = 90, paid_micros = 90 where version = 2",
    /^debt 2$/,
  ],
  [
    "paid debt that nobody incurred",
    "insert into debts select organization_id, 1, 5, 5 from accounts",
    /^debt 1$/,
  ],
  ["debt that was paid less", "update debts set paid_micros = paid_micros - 1", /^debt /],
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
        const discrepancies = await found();
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

  it("a reader that leaves ends the work", async () => {
    const stream = new VerificationStream(rig.orm, {}, new AbortController().signal);
    const events = stream.events();
    await events.next();
    await events.return(undefined);
    await stream.done;
    expect((await events.next()).done).to.equal(true);
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
