import type { TestDatabase } from "../../test/support/database.ts";
import type { Case, CaseResult } from "../case.ts";
import { comparison } from "../figure.ts";
import type { Ground } from "../ground.ts";
import { measureInTurns, type Subject, underLoad } from "../measurement.ts";
import { organizationIds, type Shape } from "../seed/shape.ts";
import { UpdateCount } from "../update-count.ts";

const IN_FLIGHT = 256;
const DURATION_MS = 4_000;
/** So many of the organizations are called: what they have in memory of the database differs each time. */
const CALLED_MAX = 10_000;

const GOALS = { least: 0.8, aim: 0.95 };

export const growth: Case = {
  name: "growth",
  title: `ReserveCredits and SettleReservation on one organization with a past against one without, ${IN_FLIGHT} in flight`,
  long: true,
  run: (ground) => compare(ground, { kind: "one", transactions: ground.transactions, requestIds: "v7" }),
};

export const growthMany: Case = {
  name: "growth-many",
  title: `The same on ${CALLED_MAX.toLocaleString("en")} of many organizations with a past`,
  long: true,
  run: (ground) => compare(ground, { kind: "many", transactions: ground.transactions, requestIds: "v7" }),
};

/** Each ledger has a server of its own; both are there at once and take turns. */
async function compare(ground: Ground, shape: Shape): Promise<CaseResult> {
  const called = spread(organizationIds(shape), CALLED_MAX);
  const empty = await ground.database();
  const full = await ground.seeded(shape);
  await ground.open(empty.url, called);
  // The many with a past have enough credits left; two grants more each would be two more to load for every call.
  if (shape.kind === "one") await ground.open(full.url, called);
  const who = shape.kind === "one" ? "one organization" : `${called.length} of many organizations`;
  const subjects = [
    await subject(ground, `${who}, empty`, empty, called),
    await subject(ground, `${who}, ${shape.transactions} stored`, full, called),
  ];
  const updates = await UpdateCount.begin(full.url);
  const figures = await measureInTurns(ground, subjects);
  const [without, past] = figures;
  if (!without || !past) throw new Error("unmeasured");
  return {
    figures,
    targets: [{ name: `${who} with a past against without`, ...comparison(past, without), ...GOALS }],
    checked: [await ground.check(`${who}, empty`, empty), await ground.check(`${who} with a past`, full)],
    notes: await updates.notes(),
  };
}

async function subject(
  ground: Ground,
  name: string,
  { url }: TestDatabase,
  called: readonly string[],
): Promise<Subject> {
  const service = await ground.service(url);
  const calls = { kind: "spend", organizationIds: called } as const;
  const order = { address: service.grpcAddress, calls, inFlight: IN_FLIGHT, durationMs: DURATION_MS };
  return { name, unit: "calls/s", run: (round) => underLoad(ground, service, { ...order, round }) };
}

/** So many of all at the most, from everywhere among them. */
function spread(all: readonly string[], most: number): readonly string[] {
  const stride = Math.max(Math.floor(all.length / most), 1);
  return all.filter((_, index) => index % stride === 0).slice(0, most);
}
