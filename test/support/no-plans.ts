import type { PlanDesk } from "../../src/service/plan-desk.ts";

/** Where nothing is about plans; what they are asked is tested with the real ones. */
export const NO_PLANS: PlanDesk = {
  listPlans: nothing,
  getPlan: nothing,
  listTopUpPacks: nothing,
  getSubscription: nothing,
  previewPlanChange: nothing,
  remedyFor: nothing,
  checkLimit: nothing,
  publishCatalogue: nothing,
};

function nothing(): never {
  throw new Error("no answer about plans was scripted");
}
