import type { Case } from "./case.ts";
import { applyBatch } from "./cases/apply-batch.ts";
import { estimate } from "./cases/estimate.ts";
import { fairness } from "./cases/fairness.ts";
import { growth, growthMany } from "./cases/growth.ts";
import { history } from "./cases/history.ts";
import { hotOrganization } from "./cases/hot-organization.ts";
import { manyOrganizations } from "./cases/many-organizations.ts";
import { overload, overloadOfWorkers } from "./cases/overload.ts";
import { requestIds } from "./cases/request-ids.ts";
import { watchers } from "./cases/watchers.ts";

/** All that `npm run bench` measures, in this order. A new case is a file in `cases/` and a line here. */
export const CASES: readonly Case[] = [
  hotOrganization,
  manyOrganizations,
  applyBatch,
  overload,
  overloadOfWorkers,
  fairness,
  estimate,
  watchers,
  // Before what adds to the ledgers whose past it looks at.
  history,
  growth,
  growthMany,
  requestIds,
];
