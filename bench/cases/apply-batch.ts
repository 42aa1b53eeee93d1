import type { TestDatabase } from "../../test/support/database.ts";
import { BatchSql, prepareBatches, readTables } from "../baseline/batch-sql.ts";
import { createPool, type PostgresPool } from "../baseline/postgres-session.ts";
import type { Case, CaseResult } from "../case.ts";
import { comparison, type Sample } from "../figure.ts";
import type { Ground } from "../ground.ts";
import { Latencies } from "../load/latencies.ts";
import { measureInTurns, underLoad } from "../measurement.ts";
import { Meter } from "../meter.ts";

const OPERATIONS = 1_000;
/** Enough for the server to have the next batch at hand while PostgreSQL writes one. */
const IN_FLIGHT = 4;
const DURATION_MS = 4_000;

export const applyBatch: Case = {
  name: "apply-batch",
  title: `ApplyBatch of ${OPERATIONS} operations on one organization, ${IN_FLIGHT} in flight, half of them settles`,
  long: false,
  run,
};

async function run(ground: Ground): Promise<CaseResult> {
  const [own, copy] = [await ground.database(), await ground.database()];
  const organizationOf = (round: number): string => `batches-${round + 1}`;
  const organizations = Array.from({ length: ground.rounds + 1 }, (_, index) => organizationOf(index - 1));
  await ground.open(own.url, organizations);
  await copyOpening(own, copy);
  const service = await ground.service(own.url);
  const pools = { own: createPool(own.url, 1), copy: createPool(copy.url, 1) };
  const figures = await measureInTurns(ground, [
    {
      name: "ApplyBatch",
      unit: "operations/s",
      run: (round) => {
        const calls = {
          kind: "batch",
          organizationId: organizationOf(round),
          operations: OPERATIONS,
        } as const;
        const order = {
          round,
          address: service.grpcAddress,
          calls,
          inFlight: IN_FLIGHT,
          durationMs: DURATION_MS,
        };
        return underLoad(ground, service, order);
      },
    },
    {
      name: "the same rows by bare SQL",
      unit: "operations/s",
      run: (round) => writeAgain(ground, pools, organizationOf(round)),
    },
  ]);
  await Promise.all([pools.own.end(), pools.copy.end()]);
  const [batches, bare] = figures;
  if (!batches || !bare) throw new Error("unmeasured");
  return {
    figures,
    targets: [{ name: "against bare SQL", ...comparison(batches, bare), least: 0.4, aim: 0.7 }],
    checked: [await ground.check("the service", own), await ground.check("bare SQL", copy)],
    notes: ["CPU is that of an operation; latencies are those of a batch."],
  };
}

/** The grants, so that the same changes can follow them. */
async function copyOpening(from: TestDatabase, to: TestDatabase): Promise<void> {
  const [source, target] = [createPool(from.url, 1), createPool(to.url, 1)];
  const [reading, writing] = [await source.connect(), await target.connect()];
  for (const table of ["accounts", "grants", "transactions"]) {
    const { rows } = await reading.query<{ rows: string }>(
      `select json_agg(t)::text as rows from ${table} t`,
    );
    const text = `insert into ${table} select * from json_populate_recordset(null::${table}, $1::json)`;
    await writing.query({ text, values: [rows[0]?.rows] });
  }
  reading.release();
  writing.release();
  await Promise.all([source.end(), target.end()]);
}

type Pools = Readonly<{ own: PostgresPool; copy: PostgresPool }>;

/** Only the sending is measured; what is sent was made before. */
async function writeAgain(ground: Ground, pools: Pools, organizationId: string): Promise<Sample> {
  const batches = await prepareBatches(pools.own, organizationId, OPERATIONS);
  const client = await pools.copy.connect();
  const bare = new BatchSql(client, organizationId, await readTables(client));
  const latencies = new Latencies();
  const meter = new Meter(ground, undefined);
  const before = process.cpuUsage();
  const begin = performance.now();
  for (const batch of batches) {
    const batchBegin = performance.now();
    await bare.apply(batch);
    latencies.add(performance.now() - batchBegin);
  }
  const elapsedMs = performance.now() - begin;
  const { user, system } = process.cpuUsage(before);
  client.release();
  const [medianMs, p99Ms] = [latencies.quantile(0.5), latencies.quantile(0.99)];
  const outcome = { calls: batches.length * OPERATIONS, elapsedMs, medianMs, p99Ms };
  return meter.read(outcome, (user + system) / 1_000);
}
