import { expect } from "chai";
import { sql } from "kysely";
import { rollUp } from "../../src/storage/usage/roll-up.ts";
import { accepted, chargeOf, grantOf, reserved, reserveOf, settleOf } from "../service/support/asking.ts";
import { LedgerRig } from "../service/support/ledger-rig.ts";
import { FOLLOWING_VIOLATIONS } from "./following-violations.ts";
import { PLAN_VIOLATIONS } from "./plan-violations.ts";

const MOST = 10n ** 18n;

/** A constraint and a statement that violates it and, as far as that is possible, no other. */
const VIOLATIONS: readonly [string, string][] = [
  ["accounts_pkey", insertAccount({ organization_id: "'owner'" })],
  ["accounts_version_check", insertAccount({ version: "-1" })],
  ["accounts_subscription_micros_check", insertAccount({ subscription_micros: "-1", purchased_micros: "1" })],
  ["accounts_promotional_micros_check", insertAccount({ promotional_micros: "-1", purchased_micros: "1" })],
  ["accounts_purchased_micros_check", insertAccount({ purchased_micros: "-1", promotional_micros: "1" })],
  ["accounts_reserved_micros_check", insertAccount({ reserved_micros: "-1" })],
  [
    "accounts_debt_micros_check",
    insertAccount({ debt_micros: "-1", purchased_micros: "1", reserved_micros: "1" }),
  ],
  ["accounts_debt_micros_check", insertAccount({ debt_micros: `${MOST + 1n}` })],
  ["accounts_total", insertAccount({ subscription_micros: `${MOST}`, purchased_micros: "1" })],
  ["accounts_reserved", insertAccount({ reserved_micros: "11", promotional_micros: "10" })],
  ["accounts_debt", insertAccount({ debt_micros: "1", promotional_micros: "10", reserved_micros: "9" })],
  ["grants_pkey", insertGrant({ grant_id: "(select min(grant_id::text)::uuid from grants)" })],
  ["grants_organization_id_reference_key", insertGrant({ reference: "'used'" })],
  ["grants_kind_check", insertGrant({ kind: "'GIFT'" })],
  ["grants_amount_micros_check", insertGrant({ amount_micros: "0", free_micros: "0", open: "false" })],
  [
    "grants_amount_micros_check",
    insertGrant({ amount_micros: `${10n ** 15n + 1n}`, free_micros: `${10n ** 15n + 1n}` }),
  ],
  ["grants_free_micros_check", insertGrant({ free_micros: "-1", consumed_micros: "11", open: "false" })],
  ["grants_held_micros_check", insertGrant({ held_micros: "-1", free_micros: "11" })],
  ["grants_consumed_micros_check", insertGrant({ consumed_micros: "-1", free_micros: "11" })],
  ["grants_expired_micros_check", insertGrant({ expired_micros: "-1", free_micros: "11" })],
  ["grants_voided_micros_check", insertGrant({ voided_micros: "-1", free_micros: "11" })],
  ["grants_placed", insertGrant({ consumed_micros: "1" })],
  ["grants_open", insertGrant({ open: "false" })],
  ["grants_open", insertGrant({ free_micros: "0", consumed_micros: "10" })],
  ["grants_purchased", insertGrant({ kind: "'PURCHASED'", expire_time: "now()" })],
  ["grants_voided", insertGrant({ voided: "true" })],
  ["debts_pkey", "insert into debts select * from debts"],
  ["debts_incurred_micros_check", "insert into debts values ('owner', 99, 0, 0)"],
  ["debts_paid", "insert into debts values ('owner', 99, 5, 6)"],
  ["debts_paid", "insert into debts values ('owner', 99, 5, -1)"],
  ["reservations_pkey", "insert into reservations select * from reservations"],
  ["reservations_state_check", setReservation("HELD", "state = 'LOST'")],
  ["reservations_amount_micros_check", setReservation("HELD", "amount_micros = -1")],
  ["reservations_refunded", setReservation("SETTLED", "settled_micros = -1")],
  ["reservations_debt_micros_check", setReservation("HELD", "debt_micros = -1")],
  ["reservations_refunded_micros_check", setReservation("HELD", "refunded_micros = -1")],
  ["reservations_refunded", setReservation("SETTLED", "refunded_micros = settled_micros + 1")],
  ["reservations_refunded", setReservation("HELD", "refunded_micros = 1")],
  ["reservations_settled", setReservation("HELD", "settled_micros = 1")],
  ["reservations_settled", setReservation("SETTLED", "settled_micros = null")],
  ["reservations_ended", setReservation("HELD", "end_time = now()")],
  ["reservations_ended", setReservation("SETTLED", "end_time = null")],
  ["transactions_pkey", copyTransaction({})],
  ["transactions_version_check", copyTransaction({ version: "0" })],
  ["transactions_amount_micros_check", copyTransaction({ version: "99", amount_micros: "-1" })],
  [
    "transactions_times",
    copyTransaction({ version: "99", record_time: "effective_time - interval '1 microsecond'" }),
  ],
  ["transactions_request", copyTransaction({ version: "99", fingerprint: "null" })],
  ["transactions_request", copyTransaction({ version: "99", request_id: "null" })],
  ["transactions_request_once", copyTransaction({ version: "99" })],
  [
    "transactions_reference_once",
    `${copyTransaction({ version: "98 + n", request_id: "gen_random_uuid()", request_reference: "'evt_1'" })}`.replace(
      "from transactions",
      "from generate_series(1, 2) as n, transactions",
    ),
  ],
  ...PLAN_VIOLATIONS,
];

const RATE_CARD_VIOLATIONS: readonly [string, string][] = [
  ["rate_cards_pkey", insertRateCard({ version: "1" })],
  ["rate_cards_version_check", insertRateCard({ version: "0" })],
  ["rate_cards_model_count_check", insertRateCard({ model_count: "0" })],
  ["rate_cards_times", insertRateCard({ effective_time: "publish_time - interval '1 microsecond'" })],
  ["rate_cards_request", insertRateCard({ fingerprint: "null" })],
  ["rate_cards_request", insertRateCard({ request_id: "null" })],
  ["rate_cards_request_id_key", insertRateCard({ request_id: "request_id" })],
  ["reservations_pricing", setReservation("HELD", "rate_card_version = 1")],
  ["reservations_pricing", setReservation("HELD", "pricing = '{}'")],
  ["transactions_pricing", copyTransaction({ version: "99", rate_card_version: "1" })],
  ["transactions_pricing", copyTransaction({ version: "99", pricing: "'{}'" })],
];

const ALL_VIOLATIONS = [...VIOLATIONS, ...RATE_CARD_VIOLATIONS, ...FOLLOWING_VIOLATIONS];

/** What another constraint refuses as well, and says so first. */
const IMPLIED = ["reservations_settled_micros_check"];

describe("the database's own constraints", () => {
  let rig: LedgerRig;

  before(async () => {
    rig = await LedgerRig.open();
    const ledger = rig.serve();
    const asking = { organizationId: "owner" };
    await accepted(ledger, asking, grantOf(100n, { reference: "used" }));
    const ofRun = { context: { runId: "run" } };
    await accepted(ledger, asking, settleOf(await reserved(ledger, asking, 30n, ofRun), 20n));
    await accepted(ledger, asking, reserveOf(10n));
    await accepted(ledger, asking, chargeOf(200n, { allowDebt: true }));
    const threshold = { name: "low", level: { amountMicros: 1n }, rearmMargin: { amountMicros: 0n } };
    await accepted(ledger, asking, { kind: "setAlertThresholds", thresholds: [threshold] });
    await rollUp(rig.orm, "owner", 100);
    await rig.run("insert into model_kinds values ('painter', 'IMAGE', 1)");
    const content = `{"title": "", "models": [{"modelId": "painter", "kind": "IMAGE", "measures": [], "lines": []}]}`;
    await rig.run(`
      insert into rate_cards (version, effective_time, publish_time, publisher, title, model_count, request_id,
        fingerprint, content) values (1, now(), now(), 'tester', '', 1, gen_random_uuid(), '', '${content}')`);
  });

  after(async () => {
    await rig.expectSound();
    await rig.close();
  });

  for (const [constraint, statement] of ALL_VIOLATIONS) {
    it(`${constraint} refuses: ${statement.replace(/^insert into (\w+).*/, "insert into $1")}`, async () => {
      const violated = await rig.run(statement).then(
        () => undefined,
        (error: { constraint?: string }) => error.constraint,
      );
      expect(violated).to.equal(constraint);
    });
  }

  it("are all violated above", async () => {
    const rows = await rig.rows(sql<{ name: string }>`
      select conname as name from pg_constraint
      where contype in ('c', 'p', 'u') and connamespace = 'public'::regnamespace and conrelid <> 'migrations'::regclass
      union select indexrelid::regclass::text from pg_index where indisunique and not indisprimary
        and indrelid <> 'migrations'::regclass and indrelid::regclass::text !~ 'pg_'`);
    const violated = new Set([...ALL_VIOLATIONS.map(([constraint]) => constraint), ...IMPLIED]);
    expect(rows.map(({ name }) => name).filter((name) => !violated.has(name))).to.deep.equal([]);
  });

  it("keep null out of every column that must say something", async () => {
    const rows = await rig.rows(sql<{ column: string }>`
      select table_name || '.' || column_name as column from information_schema.columns
      where table_schema = 'public' and table_name <> 'migrations' and is_nullable = 'YES'
        and column_name !~ '^(run|node|agent|workspace|member|parent_run|model)_id$' and column_name <> 'labels'
      order by 1`);
    expect(rows.map(({ column }) => column)).to.deep.equal([
      "accounts.cycle_end_time",
      "accounts.cycle_start_time",
      "accounts.next_due_time",
      "alert_settings.cycle_end_time",
      "alert_settings.cycle_micros",
      "alerts.sequence",
      "catalogues.fingerprint",
      "catalogues.request_id",
      "grants.expire_time",
      "rate_cards.fingerprint",
      "rate_cards.request_id",
      "reservations.end_time",
      "reservations.end_version",
      "reservations.pricing",
      "reservations.rate_card_version",
      "reservations.settled_micros",
      "subscriptions.scheduled_plan_id",
      "transactions.expire_time",
      "transactions.fingerprint",
      "transactions.grant_after",
      "transactions.grant_id",
      "transactions.grant_kind",
      "transactions.late",
      "transactions.made",
      "transactions.pricing",
      "transactions.rate_card_version",
      "transactions.reference",
      "transactions.request_id",
      "transactions.request_reference",
      "transactions.reservation_id",
      "transactions.spent_becomes_debt",
      "transactions.subscription",
    ]);
  });
});

function insertAccount(changed: Readonly<Record<string, string>>): string {
  const zeros = ["version", "subscription", "promotional", "purchased", "reserved", "debt"].map(
    (name) => [name === "version" ? name : `${name}_micros`, "0"] as const,
  );
  return insert("accounts", {
    organization_id: "'new'",
    update_time: "now()",
    head_hash: "''",
    ...Object.fromEntries(zeros),
    ...changed,
  });
}

function insertGrant(changed: Readonly<Record<string, string>>): string {
  return insert("grants", {
    organization_id: "'owner'",
    grant_id: "gen_random_uuid()",
    kind: "'PROMOTIONAL'",
    amount_micros: "10",
    free_micros: "10",
    held_micros: "0",
    consumed_micros: "0",
    expired_micros: "0",
    voided_micros: "0",
    open: "true",
    create_time: "now()",
    reference: "'new'",
    version: "1",
    voided: "false",
    spent_becomes_debt: "false",
    ...changed,
  });
}

function insert(table: string, row: Readonly<Record<string, string>>): string {
  return `insert into ${table} (${Object.keys(row).join(", ")}) values (${Object.values(row).join(", ")})`;
}

/** A copy of the one there is, which differs in what must differ and in what is changed. */
function insertRateCard(changed: Readonly<Record<string, string>>): string {
  const names = [
    "effective_time",
    "publish_time",
    "publisher",
    "title",
    "model_count",
    "fingerprint",
    "content",
  ];
  const row = {
    ...Object.fromEntries(names.map((name) => [name, name])),
    version: "2",
    request_id: "gen_random_uuid()",
    ...changed,
  };
  const [columns, values] = [Object.keys(row).join(", "), Object.values(row).join(", ")];
  return `insert into rate_cards (${columns}) select ${values} from rate_cards`;
}

function setReservation(state: string, change: string): string {
  return `update reservations set ${change} where state = '${state}'`;
}

function copyTransaction(changed: Readonly<Record<string, string>>): string {
  const row = {
    ...Object.fromEntries(
      [
        "organization_id",
        "version",
        "kind",
        "effective_time",
        "record_time",
        "request_id",
        "fingerprint",
        "request_ordinal",
        "actor",
        "amount_micros",
        "movements",
        "subscription_micros",
        "promotional_micros",
        "purchased_micros",
        "reserved_micros",
        "debt_micros",
        "hash",
      ].map((name) => [name, name]),
    ),
    ...changed,
  };
  const [names, values] = [Object.keys(row).join(", "), Object.values(row).join(", ")];
  return `insert into transactions (${names}) select ${values} from transactions where version = 1`;
}
