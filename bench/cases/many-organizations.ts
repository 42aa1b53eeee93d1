import type { Case, CaseResult } from "../case.ts";
import { comparison } from "../figure.ts";
import type { Ground } from "../ground.ts";
import { measureInTurns, type Subject, underLoad } from "../measurement.ts";

const IN_FLIGHT = 256;
const ORGANIZATIONS = 1_000;
const DURATION_MS = 4_000;

export const manyOrganizations: Case = {
  name: "many-organizations",
  title: `ReserveCredits and SettleReservation on ${ORGANIZATIONS} organizations, ${IN_FLIGHT} in flight`,
  long: false,
  run,
};

async function run(ground: Ground): Promise<CaseResult> {
  const database = await ground.database();
  const many = Array.from({ length: ORGANIZATIONS }, (_, index) => `organization-${index}`);
  await ground.open(database.url, ["hot", ...many]);
  const service = await ground.service(database.url);
  const spending = (name: string, organizationIds: readonly string[]): Subject => {
    const calls = { kind: "spend", organizationIds } as const;
    const order = { address: service.grpcAddress, calls, inFlight: IN_FLIGHT, durationMs: DURATION_MS };
    return { name, unit: "calls/s", run: (round) => underLoad(ground, service, { ...order, round }) };
  };
  const figures = await measureInTurns(ground, [
    spending(`${ORGANIZATIONS} organizations`, many),
    spending("one organization", ["hot"]),
  ]);
  const [spread, hot] = figures;
  if (!spread || !hot) throw new Error("unmeasured");
  return {
    figures,
    targets: [
      {
        name: "many organizations against one",
        ...comparison(spread, hot),
        least: 0.5,
        aim: 0.75,
      },
    ],
    checked: [await ground.check("the service", database)],
    notes: [],
  };
}
