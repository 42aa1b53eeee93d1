import { type CreditClient, createCreditClient } from "../../src/client/client.ts";
import type { TestDatabase } from "../../test/support/database.ts";
import type { Case, CaseResult, Checked, Target } from "../case.ts";
import { comparison, type Figure, type Sample } from "../figure.ts";
import type { Ground, Served } from "../ground.ts";
import { findPlaces, type Place } from "../history/place.ts";
import { READINGS, type Reading } from "../history/readings.ts";
import { Latencies } from "../load/latencies.ts";
import { measureInTurns, type Subject } from "../measurement.ts";
import { Meter } from "../meter.ts";
import { type Shape, THE_ONE } from "../seed/shape.ts";

/** The larger ledger is so many times as large as the smaller one. */
const GROWTH = 10;
/** With fewer, half of a page's time is code that was not compiled yet. */
const CALLS = 300;
/** A reading that is slow is repeated less often. */
const DURATION_MS = 4_000;
/** No reading may take more than 1.5 times as long on the larger ledger; the aim is that nobody can tell. */
const GOALS = { least: 0.67, aim: 0.9 };
const PAGE_GOALS = { least: 5, aim: 2 };
const MILLION = 1_000_000;
/** Long enough that a slow reading is measured rather than refused. */
const STATEMENT_TIMEOUT_MS = "55000";

export const history: Case = {
  name: "history",
  title: `What is asked of the past of one organization, one call at a time, on a ledger and one ${GROWTH} times as large`,
  long: true,
  run,
};

type Ledger = Readonly<{
  transactions: number;
  database: TestDatabase;
  service: Served;
  client: CreditClient;
  places: readonly Place[];
}>;

async function run(ground: Ground): Promise<CaseResult> {
  const small = await open(ground, Math.round(ground.transactions / GROWTH));
  const large = await open(ground, ground.transactions);
  const ledgers = [small, large];
  const figures = await measureInTurns(
    ground,
    READINGS.flatMap((reading) => ledgers.map((ledger) => subjectOf(ground, ledger, reading))),
  ).finally(() => {
    for (const { client } of ledgers) client.close();
  });
  const verified: Verified[] = [];
  for (const ledger of ledgers) verified.push(await verify(ground, ledger));
  return {
    figures,
    targets: [
      ...READINGS.map((reading, index) => growthOf(reading, index, figures)),
      slowestPage(figures),
      ...verified.map(pace),
    ],
    checked: verified.map(({ checked }) => checked),
    notes: [
      "A reading's rate is that of its middle call. The ratio is the larger ledger's rate against the smaller one's.",
      `At least ${GOALS.least}: no reading takes more than 1.5 times as long on the larger one.`,
    ],
  };
}

async function open(ground: Ground, transactions: number): Promise<Ledger> {
  const shape: Shape = { kind: "one", transactions, requestIds: "v7" };
  const database = await ground.seeded(shape);
  const service = await ground.service(database.url, { PLEYOR_STATEMENT_TIMEOUT_MS: STATEMENT_TIMEOUT_MS });
  const client = createCreditClient({ transport: "grpc", address: service.grpcAddress });
  return { transactions, database, service, client, places: await findPlaces(client, THE_ONE) };
}

function subjectOf(ground: Ground, ledger: Ledger, reading: Reading): Subject {
  const name = `${reading.name}, ${ledger.transactions.toLocaleString("en")}`;
  return { name, unit: "calls/s", run: () => repeat(ground, ledger, reading) };
}

async function repeat(
  ground: Ground,
  { service, client, places }: Ledger,
  { call }: Reading,
): Promise<Sample> {
  const latencies = new Latencies();
  const meter = new Meter(ground, service.pid);
  const before = process.cpuUsage();
  const begin = performance.now();
  while (latencies.count < CALLS && performance.now() - begin < DURATION_MS) {
    const place = places[latencies.count % places.length];
    if (!place) throw new Error("a ledger without a past");
    const callBegin = performance.now();
    await call(client, place);
    latencies.add(performance.now() - callBegin);
  }
  const elapsedMs = performance.now() - begin;
  const { user, system } = process.cpuUsage(before);
  const [medianMs, p99Ms] = [latencies.quantile(0.5), latencies.quantile(0.99)];
  const outcome = { calls: latencies.count, elapsedMs, medianMs, p99Ms };
  return { ...meter.read(outcome, (user + system) / 1_000), perSecond: 1_000 / medianMs };
}

function growthOf({ name }: Reading, index: number, figures: readonly Figure[]): Target {
  const [small, large] = [figures[2 * index], figures[2 * index + 1]];
  if (!small || !large) throw new Error("unmeasured");
  return { name, ...comparison(large, small), ...GOALS };
}

/** By its middle call, as the caller waits for it. */
function slowestPage(figures: readonly Figure[]): Target {
  const pages = READINGS.flatMap(({ isPage }, index) =>
    isPage ? (figures[2 * index + 1]?.middle.medianMs ?? 0) : [],
  );
  return { name: "slowest page of the larger one", value: Math.max(...pages), unit: "ms", ...PAGE_GOALS };
}

type Verified = Readonly<{ checked: Checked; elapsedMs: number }>;

async function verify(ground: Ground, { transactions, database }: Ledger): Promise<Verified> {
  const begin = performance.now();
  const checked = await ground.check(`${transactions.toLocaleString("en")} transactions`, database);
  return { checked, elapsedMs: performance.now() - begin };
}

/** How long a million transactions take to be recomputed. */
function pace({ checked, elapsedMs }: Verified): Target {
  const value = (elapsedMs * MILLION) / checked.transactions;
  return { name: `verification of a million, of ${checked.what}`, value, unit: "ms" };
}
