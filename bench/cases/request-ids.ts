import type { TestDatabase } from "../../test/support/database.ts";
import type { Case, CaseResult } from "../case.ts";
import { comparison } from "../figure.ts";
import type { Ground } from "../ground.ts";
import { measureInTurns, type Subject, underLoad } from "../measurement.ts";
import { type Shape, THE_ONE } from "../seed/shape.ts";
import type { RequestIdVersion } from "../seed/timed-ids.ts";
import { WriteCost } from "../write-cost.ts";

const IN_FLIGHT = 256;
const DURATION_MS = 4_000;
/** What keeps a request from having two effects (R-REQ-1). */
const INDEX = "transactions_request_once";

export const requestIds: Case = {
  name: "request-ids",
  title: `The same calls with random request ids (UUIDv4) against ordered ones (UUIDv7), ${IN_FLIGHT} in flight`,
  long: true,
  run,
};

type Side = Readonly<{ database: TestDatabase; subject: Subject; cost: WriteCost }>;

async function run(ground: Ground): Promise<CaseResult> {
  const ordered = await sideOf(ground, "v7");
  const random = await sideOf(ground, "v4");
  const [orderedFigure, randomFigure] = await measureInTurns(ground, [ordered.subject, random.subject]);
  if (!orderedFigure || !randomFigure) throw new Error("unmeasured");
  return {
    figures: [orderedFigure, randomFigure],
    targets: [{ name: "random ids against ordered ones", ...comparison(randomFigure, orderedFigure) }],
    checked: [
      await ground.check("ordered request ids", ordered.database),
      await ground.check("random request ids", random.database),
    ],
    notes: [
      `ordered: ${await ordered.cost.text()}`,
      `random: ${await random.cost.text()}`,
      "The write-ahead log holds a whole page for the first change of each since a checkpoint: random ids touch more.",
      "So do rows that fit into what a vacuum found free on older pages, whatever their ids: the filling ends with one.",
    ],
  };
}

async function sideOf(ground: Ground, version: RequestIdVersion): Promise<Side> {
  const { transactions } = ground;
  const shape: Shape = { kind: "one", transactions, requestIds: version };
  const database = await ground.seeded(shape);
  await ground.open(database.url, [THE_ONE]);
  const service = await ground.service(database.url);
  const calls = { kind: "spend", organizationIds: [THE_ONE], requestIds: version } as const;
  const order = { address: service.grpcAddress, calls, inFlight: IN_FLIGHT, durationMs: DURATION_MS };
  const cost = await WriteCost.begin(database.url, INDEX);
  const subject: Subject = {
    name: `request ids of version ${version.slice(1)}, ${transactions} stored`,
    unit: "calls/s",
    run: (round) => cost.during(() => underLoad(ground, service, { ...order, round })),
  };
  return { database, subject, cost };
}
