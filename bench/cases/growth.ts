import type { TestDatabase } from "../../test/support/database.ts";
import type { Case, CaseResult } from "../case.ts";
import { comparison } from "../figure.ts";
import type { Ground } from "../ground.ts";
import { measureInTurns, type Subject, underLoad } from "../measurement.ts";
import { organizationIds, type Shape, THE_ONE } from "../seed/shape.ts";
import { UpdateCount } from "../update-count.ts";

const IN_FLIGHT = 256;
const DURATION_MS = 4_000;
/** So many of the organizations are called: what they have in memory of the database differs each time. */
const CALLED_MAX = 10_000;

export const growth: Case = {
  name: "growth",
  title: `ReserveCredits and SettleReservation on a ledger with a past against an empty one, ${IN_FLIGHT} in flight`,
  long: true,
  run,
};

async function run(ground: Ground): Promise<CaseResult> {
  const { transactions } = ground;
  const one: Shape = { kind: "one", transactions, requestIds: "v7" };
  const many: Shape = { kind: "many", transactions, requestIds: "v7" };
  const called = spread(organizationIds(many), CALLED_MAX);
  const databases = {
    emptyOne: await ground.database(),
    fullOne: await ground.seeded(one),
    emptyMany: await ground.database(),
    fullMany: await ground.seeded(many),
  };
  // The many with a past have enough credits left; two grants more each would be two more to load for every call.
  for (const { url } of [databases.emptyOne, databases.fullOne]) await ground.open(url, [THE_ONE]);
  await ground.open(databases.emptyMany.url, called);
  const subject = subjectsOf(ground);
  const subjects = [
    await subject("one organization, empty", databases.emptyOne, [THE_ONE]),
    await subject(`one organization, ${transactions} stored`, databases.fullOne, [THE_ONE]),
    await subject(`${called.length} organizations, empty`, databases.emptyMany, called),
    await subject(
      `${called.length} of many organizations, ${transactions} stored`,
      databases.fullMany,
      called,
    ),
  ];
  const updates = await UpdateCount.begin(databases.fullMany.url);
  const figures = await measureInTurns(ground, subjects);
  const [emptyOne, fullOne, emptyMany, fullMany] = figures;
  if (!emptyOne || !fullOne || !emptyMany || !fullMany) throw new Error("unmeasured");
  const goals = { least: 0.8, aim: 0.95 };
  return {
    figures,
    targets: [
      { name: "one organization with a past against without", ...comparison(fullOne, emptyOne), ...goals },
      {
        name: "many organizations with a past against without",
        ...comparison(fullMany, emptyMany),
        ...goals,
      },
    ],
    checked: [
      await ground.check("one organization, empty", databases.emptyOne),
      await ground.check("one organization with a past", databases.fullOne),
      await ground.check("organizations, empty", databases.emptyMany),
      await ground.check("many organizations with a past", databases.fullMany),
    ],
    notes: await updates.notes(),
  };
}

/** Each has a server and a database of its own; all are there at once and take turns. */
function subjectsOf(ground: Ground) {
  return async (name: string, { url }: TestDatabase, called: readonly string[]): Promise<Subject> => {
    const service = await ground.service(url);
    const calls = { kind: "spend", organizationIds: called } as const;
    const order = { address: service.grpcAddress, calls, inFlight: IN_FLIGHT, durationMs: DURATION_MS };
    return { name, unit: "calls/s", run: (round) => underLoad(ground, service, { ...order, round }) };
  };
}

/** So many of all at the most, from everywhere among them. */
function spread(all: readonly string[], most: number): readonly string[] {
  const stride = Math.max(Math.floor(all.length / most), 1);
  return all.filter((_, index) => index % stride === 0).slice(0, most);
}
