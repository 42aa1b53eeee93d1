import type { Case, CaseResult } from "../case.ts";
import { comparison } from "../figure.ts";
import type { Ground, Served } from "../ground.ts";
import type { LoadOrder } from "../load/order.ts";
import { measureInTurns, type Subject, underLoad } from "../measurement.ts";

const IN_FLIGHT = 256;
const HOT = "hot";
const SPEND = { kind: "spend", organizationIds: [HOT] } as const;
const HEALTH = { kind: "health" } as const;

/** How long each is measured: the slow ones longer, for they make fewer calls. */
const DURATION_MS = { spend: 4_000, noOp: 2_000, perRequest: 3_000 };

export const hotOrganization: Case = {
  name: "hot-organization",
  title: `ReserveCredits and SettleReservation on one organization, ${IN_FLIGHT} in flight`,
  long: false,
  run,
};

async function run(ground: Ground): Promise<CaseResult> {
  const database = await ground.database();
  const perRequest = [await ground.database(), await ground.database()] as const;
  for (const { url } of [database, ...perRequest]) await ground.open(url, [HOT]);
  const service = await ground.service(database.url);
  const atOtherDoor = await ground.service((await ground.database()).url);
  const doorAlone = await ground.baseline("door-alone", "");
  const mikroOrm = await ground.baseline("mikro-orm", perRequest[0].url);
  const nodePostgres = await ground.baseline("node-postgres", perRequest[1].url);
  const { spend, noOp } = DURATION_MS;
  const figures = await measureInTurns(ground, [
    calls(ground, "reserve and settle", service, SPEND, spend),
    calls(ground, "no-op (Health/Check), gRPC door", service, HEALTH, noOp),
    noOpAtTheOtherDoor(ground, atOtherDoor),
    calls(ground, "the same calls without a ledger", doorAlone, SPEND, noOp),
    calls(ground, "a transaction a request, MikroORM", mikroOrm, SPEND, DURATION_MS.perRequest),
    calls(ground, "a transaction a request, node-postgres", nodePostgres, SPEND, DURATION_MS.perRequest),
  ]);
  const [own, noOpFigure, , withoutLedger, byMikroOrm, byNodePostgres] = figures;
  if (!own || !noOpFigure || !withoutLedger || !byMikroOrm || !byNodePostgres) throw new Error("unmeasured");
  return {
    figures,
    targets: [
      { name: "against the no-op call", ...comparison(own, noOpFigure), least: 0.35, aim: 0.5 },
      { name: "against the same calls without a ledger", ...comparison(own, withoutLedger) },
      {
        name: "against MikroORM, a transaction a request",
        ...comparison(own, byMikroOrm),
        least: 15,
        aim: 25,
      },
      {
        name: "against node-postgres, a transaction a request",
        ...comparison(own, byNodePostgres),
      },
    ],
    checked: [
      await ground.check("the service", database),
      await ground.check("MikroORM", perRequest[0]),
      await ground.check("node-postgres", perRequest[1]),
    ],
    notes: [
      "The no-op call has no request to validate and no answer to convert; the calls without a ledger have both.",
      "All were warmed up by 120,000 calls, or for 20 s where that is fewer, as of one transaction a request, which does not get faster over the rounds.",
      "The Connect door's no-op has a server of its own: V8 compiles for what it meets, and where that is both doors a call costs 5 to 10 % more.",
    ],
  };
}

function calls(
  ground: Ground,
  name: string,
  served: Served,
  what: LoadOrder["calls"],
  durationMs: number,
): Subject {
  const order: LoadOrder = { address: served.grpcAddress, calls: what, inFlight: IN_FLIGHT, durationMs };
  return { name, unit: "calls/s", run: (round) => underLoad(ground, served, { ...order, round }) };
}

/** The HTTP port speaks gRPC as well, so the same load process can call it. */
function noOpAtTheOtherDoor(ground: Ground, service: Served): Subject {
  const at = { ...service, grpcAddress: service.httpAddress };
  return calls(ground, "no-op (Health/Check), Connect door", at, HEALTH, DURATION_MS.noOp);
}
