import { expect } from "chai";
import { sql } from "kysely";
import type { ModelKind } from "../../../src/domain/pricing/model.ts";
import { DAY, MINUTE, type Time } from "../../../src/domain/time.ts";
import { startOf } from "../../../src/domain/usage/calendar-span.ts";
import type { UsageKey } from "../../../src/domain/usage/summary.ts";
import { addUsage, NO_USAGE, type UsageKeys, type UsageSums } from "../../../src/domain/usage/usage.ts";
import type { Run, UsageQuery, UsageReport } from "../../../src/service/usage/usage-book.ts";
import { LedgerSnapshot } from "../../../src/storage/ledger-snapshot.ts";
import { toRowTime } from "../../../src/storage/timestamp.ts";
import { rollUp } from "../../../src/storage/usage/roll-up.ts";
import { UsageSnapshot } from "../../../src/storage/usage/usage-snapshot.ts";
import { Random } from "../../simulator/random.ts";
import { LedgerRig } from "../support/ledger-rig.ts";
import { usageDiscrepancies } from "../support/usage-discrepancies.ts";

const ORGANIZATION = "acme";
const TRANSACTIONS = 3_000;
const QUERIES = 120;
const START: Time = 1_790_000_000_000_000n;
const KEYS: readonly UsageKey[] = ["runId", "agentId", "modelId", "workspaceId", "memberId"];
const KINDS = ["SETTLE", "SETTLE", "SETTLE", "CHARGE", "REFUND", "RESERVE"] as const;

/** Of the models that are called; one is of no kind. */
const MODEL_KINDS: Readonly<Record<string, ModelKind>> = {
  "modelId-0": "IMAGE",
  "modelId-1": "TEXT",
  "modelId-2": "IMAGE",
};
/** So many runs that each is summed up in several pieces, and names something else in each. */
const RUNS = 40;

type Used = Readonly<{
  version: number;
  time: Time;
  keys: UsageKeys;
  parentRunId: string | undefined;
  sums: UsageSums;
  kind: string;
}>;

/**
 * Half a year of one organization, written past the ledger, which has no such times to
 * offer; and queries about it, answered from summaries that end anywhere.
 */
describe("R-HIST-3: usage over half a year", () => {
  let rig: LedgerRig;
  let history: readonly Used[];
  const random = new Random(6, 0);

  before(async function () {
    this.timeout(30_000);
    rig = await LedgerRig.open();
    history = draw();
    await write(history);
  });

  after(() => rig.close());

  it("runs have the first of each that they named, and the sums of all their changes", async function () {
    this.timeout(60_000);
    const runIds = new Set(history.flatMap(({ keys }) => keys.runId || []));
    const parents = history.flatMap(({ keys, parentRunId }) =>
      parentRunId ? [`${keys.runId} ${parentRunId}`] : [],
    );
    expect(new Set(parents).size, "parents change").to.be.greaterThan(2 * runIds.size);
    for (let piece = 0; piece < 4; piece += 1) {
      await rollUp(rig.orm, ORGANIZATION, 1 + random.below(200));
      const runs = await UsageSnapshot.read(rig.orm, ORGANIZATION, (snapshot) =>
        Promise.all([...runIds].map((runId) => snapshot.run(runId))),
      );
      expect(runs).to.deep.equal([...runIds].map(naiveRun));
    }
  });

  it("from summaries and the transactions after them is what adding up all transactions gives", async function () {
    this.timeout(60_000);
    for (let query = 0; query < QUERIES; query += 1) {
      if (query % 5 === 4) await rollUp(rig.orm, ORGANIZATION, 1 + random.below(250));
      const asked = drawQuery();
      const report = await UsageSnapshot.read(rig.orm, ORGANIZATION, (snapshot) => snapshot.usage(asked));
      expect(shown(report, asked), JSON.stringify([...asked.groupBy])).to.deep.equal(naive(asked));
    }
  });

  it("summed up in pieces of any size is without a discrepancy, and by several at once", async function () {
    this.timeout(60_000);
    const left = async () => rollUp(rig.orm, ORGANIZATION, 1 + random.below(400));
    for (let done = false; !done; ) done = (await Promise.all([left(), left()])).includes(0n);
    const paging = { signal: new AbortController().signal, onPage: () => undefined };
    await LedgerSnapshot.read(rig.orm, ORGANIZATION, async (snapshot) => {
      expect((await snapshot.usage(paging).extent()).cursor).to.equal(BigInt(TRANSACTIONS));
      expect(await usageDiscrepancies(snapshot.usage(paging))).to.deep.equal([]);
    });
  });

  function draw(): readonly Used[] {
    let time = START;
    return Array.from({ length: TRANSACTIONS }, (_, index) => {
      // Some at one moment, some exactly at an hour, some after a pause of days.
      const step = random.below(100);
      if (step < 80) time += BigInt(random.below(90)) * MINUTE;
      else if (step < 85) time = startOf("hour", time) + 60n * MINUTE;
      else if (step < 86) time += BigInt(random.below(4)) * DAY;
      return drawUse(index + 1, time);
    });
  }

  function drawUse(version: number, time: Time): Used {
    const kind = random.pick(KINDS);
    const names = KEYS.map(
      (key) => [key, random.percent(10) ? "" : `${key}-${random.below(countOf(key))}`] as const,
    );
    const late = kind === "SETTLE" && random.percent(20);
    const micros = BigInt(random.below(1_000));
    const sums = {
      ...NO_USAGE,
      ...(kind === "REFUND" ? { refundedMicros: micros } : { calls: 1n, settledMicros: micros }),
      lateCalls: late ? 1n : 0n,
    };
    const parentRunId = random.percent(60) ? undefined : `runId-${random.below(RUNS)}`;
    return {
      version,
      time,
      kind,
      keys: Object.fromEntries(names) as UsageKeys,
      parentRunId,
      sums,
    };
  }

  async function write(rows: readonly Used[]): Promise<void> {
    const column = (value: (row: Used) => string | null) => rows.map(value);
    const key = (name: UsageKey) => column(({ keys }) => keys[name] || null);
    await rig.rows(sql`
      insert into transactions (organization_id, version, kind, effective_time, record_time, request_ordinal, actor,
        amount_micros, late, run_id, parent_run_id, agent_id, model_id, workspace_id, member_id, reservation_id, movements,
        subscription_micros, promotional_micros, purchased_micros, reserved_micros, debt_micros, hash)
      select ${ORGANIZATION}, v, kind, t, t, 0, 'tester', amount, late, run, parent, agent, model, workspace, member,
        gen_random_uuid(), '[]', 0, 0, 0, 0, 0, ''
      from unnest(${column(({ version }) => String(version))}::bigint[], ${column(({ kind }) => kind)}::text[],
        ${column(({ time }) => toRowTime(time))}::timestamptz[],
        ${column(({ sums }) => String(sums.settledMicros + sums.refundedMicros))}::bigint[],
        ${column(({ sums }) => (sums.lateCalls > 0n ? "true" : null))}::boolean[],
        ${key("runId")}::text[], ${column(({ parentRunId = null }) => parentRunId)}::text[], ${key("agentId")}::text[], ${key("modelId")}::text[],
        ${key("workspaceId")}::text[], ${key("memberId")}::text[])
        as u (v, kind, t, amount, late, run, parent, agent, model, workspace, member)`);
    await rig.rows(sql`
      insert into model_kinds (model_id, kind, rate_card_version)
      select *, 1 from unnest(${Object.keys(MODEL_KINDS)}::text[], ${Object.values(MODEL_KINDS)}::text[])`);
    await rig.rows(sql`
      insert into accounts (organization_id, version, update_time, subscription_micros, promotional_micros,
        purchased_micros, reserved_micros, debt_micros, head_hash)
      values (${ORGANIZATION}, ${rows.length}, now(), 0, 0, 0, 0, 0, '')`);
  }

  function drawQuery(): UsageQuery {
    const first = random.below(TRANSACTIONS);
    const times = [momentOf(first), momentOf(first + random.below(TRANSACTIONS))].sort((left, right) =>
      left < right ? -1 : 1,
    );
    const [startTime = 0n, endTime = 0n] = times;
    const groupBy = new Set(KEYS.filter(() => random.percent(30)));
    const filtered = KEYS.filter((key) => key !== "runId" && random.percent(15));
    return {
      startTime,
      endTime: endTime + 1n,
      groupBy,
      groupByKind: random.percent(30),
      bucket: ([undefined, undefined, "day", "hour"] as const)[random.below(4)],
      filter: Object.fromEntries(filtered.map((key) => [key, `${key}-${random.below(countOf(key))}`])),
      groupsMax: 1 + random.below(20),
    };
  }

  /** Of a transaction, just after it, or where an hour, day or month begins. */
  function momentOf(index: number): Time {
    const time = history[Math.min(index, history.length - 1)]?.time ?? START;
    const span = (["hour", "day", "month"] as const)[random.below(5)];
    return span === undefined ? time + BigInt(random.below(2)) : startOf(span, time);
  }

  function naiveRun(runId: string): Run | undefined {
    const changes = history.filter(({ keys }) => keys.runId === runId);
    const first = (key: UsageKey) => changes.find(({ keys }) => keys[key] !== "")?.keys[key];
    return {
      runId,
      firstVersion: BigInt(changes[0]?.version ?? 0),
      startTime: changes[0]?.time ?? 0n,
      updateTime: changes.at(-1)?.time ?? 0n,
      agentId: first("agentId"),
      workspaceId: first("workspaceId"),
      memberId: first("memberId"),
      parentRunId: changes.find(({ parentRunId }) => parentRunId !== undefined)?.parentRunId,
      sums: changes
        .filter(({ kind }) => kind !== "RESERVE")
        .reduce((sum, { sums }) => addUsage(sum, sums), NO_USAGE),
    };
  }

  /** Each group's name, bucket and sums, in order; the rest has no name. */
  function naive(query: UsageQuery): unknown {
    const { startTime, endTime, groupBy, groupByKind, bucket, filter, groupsMax } = query;
    const used = history.filter(
      ({ time, keys, kind }) =>
        kind !== "RESERVE" &&
        time >= startTime &&
        time < endTime &&
        Object.entries(filter).every(([key, value]) => keys[key as UsageKey] === value),
    );
    const nameOf = ({ keys }: Used) =>
      [
        ...COLUMN_ORDER.map((key) => (groupBy.has(key) ? keys[key] : "")),
        groupByKind ? (MODEL_KINDS[keys.modelId] ?? "") : "",
      ].join(" ");
    const totals = sumsBy(used, nameOf);
    const order = [...totals].sort(([name, left], [other, right]) => {
      const [dear, cheap] = [
        left.settledMicros - left.refundedMicros,
        right.settledMicros - right.refundedMicros,
      ];
      if (dear !== cheap) return dear > cheap ? -1 : 1;
      return name.replaceAll(" ", "\u0001") < other.replaceAll(" ", "\u0001") ? -1 : 1;
    });
    const places = new Map(order.map(([name], place) => [name, Math.min(place, groupsMax)]));
    const rows = sumsBy(used, (each) => {
      const place = places.get(nameOf(each)) ?? 0;
      const start = bucket === undefined ? "" : startOf(bucket, each.time);
      return `${String(place).padStart(5, "0")}|${start}|${place < groupsMax ? nameOf(each) : "rest"}`;
    });
    return [...rows]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, sums]) => [name.slice(6), sums]);
  }

  function shown({ groups, rest }: UsageReport, { bucket }: UsageQuery): unknown {
    const start = (time: Time | undefined) => (bucket === undefined ? "" : time);
    return [
      ...groups.map(({ keys, kind = "", startTime, sums }) => [
        `${start(startTime)}|${[...COLUMN_ORDER.map((key) => keys[key]), kind].join(" ")}`,
        sums,
      ]),
      ...rest.map(({ startTime, sums }) => [`${start(startTime)}|rest`, sums]),
    ];
  }
});

function countOf(key: UsageKey): number {
  return key === "runId" ? RUNS : 4;
}

/** In which equal groups are ordered. */
const COLUMN_ORDER: readonly UsageKey[] = ["agentId", "modelId", "workspaceId", "memberId", "runId"];

function sumsBy(used: readonly Used[], nameOf: (each: Used) => string): Map<string, UsageSums> {
  const sums = new Map<string, UsageSums>();
  for (const each of used) {
    const name = nameOf(each);
    sums.set(name, addUsage(sums.get(name) ?? NO_USAGE, each.sums));
  }
  return sums;
}
