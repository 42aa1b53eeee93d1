import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { GrantKind } from "../../gen/pleyor/credits/v1/grant_pb.ts";
import { BillingPeriod } from "../../gen/pleyor/credits/v1/subscription_pb.ts";
import { type RunningService, startService } from "../support/running-service.ts";
import { CREDIT, DOORS, PlanScene } from "./plan-scene.ts";

const { YEARLY } = BillingPeriod;

for (const door of DOORS) {
  describe(`billing by the ${door} door`, () => {
    let service: RunningService;
    let scene: PlanScene;

    before(async () => {
      service = await startService({ PLEYOR_UNSAFE_TEST_CLOCKS: "on", PLEYOR_SWEEP_INTERVAL_MS: "86400000" });
    });
    after(() => service.stop());
    beforeEach(() => {
      scene = new PlanScene(service, door);
    });
    afterEach(async () => {
      scene.close();
      expect((await service.verify()).discrepancies).to.deep.equal([]);
    });

    it("R-PLAN-8, R-HOLD-12: what is refunded of a voided cycle counts from resuming on, though it was spent", async () => {
      const { organizationId } = scene;
      const { subscriptions, credits } = scene.client;
      await scene.on("2091-04-01T00:00Z");
      await scene.subscribe("starter");
      const spent = await scene.reserve(1_500n);
      await scene.settle(spent, 1_500n);
      await subscriptions.suspendSubscription({ organizationId, voidCycle: true });
      const amountMicros = 400n * CREDIT;
      await credits.refundReservation({ organizationId, reservationId: spent, amountMicros });
      expect(await scene.balance()).to.equal("");
      await subscriptions.resumeSubscription({ organizationId });
      expect(await scene.balance()).to.equal("subscription 400");
    });

    it("R-PLAN-11, R-GRANT-4: a repeated purchase costs what the first did, also where it names the credits otherwise", async () => {
      const { organizationId } = scene;
      const { subscriptions } = scene.client;
      const pack = { case: "packId", value: "medium" } as const;
      const amount = { case: "amountMicros", value: 2_500n * CREDIT } as const;
      for (const [reference, first, second, amountMinor] of [
        ["payment:pack", pack, amount, 3_900n],
        ["payment:amount", amount, pack, 5_000n],
      ] as const) {
        const bought = await subscriptions.purchaseCredits({ organizationId, purchase: first, reference });
        expect(bought.price?.amountMinor).to.equal(amountMinor);
        const again = await subscriptions.purchaseCredits({ organizationId, purchase: second, reference });
        expect(again).to.deep.include({ replayed: true, price: bought.price });
      }
      const gift = { organizationId, kind: GrantKind.PURCHASED, amountMicros: 2_500n * CREDIT };
      await scene.client.grants.createGrant({ ...gift, reference: "payment:gift" });
      const asked = { organizationId, purchase: pack, reference: "payment:gift" };
      expect((await subscriptions.purchaseCredits(asked)).price, "nobody quoted one").to.equal(undefined);
    });

    it("R-PLAN-7, R-PLAN-1: after the catalogue was edited, a preview still tells what the next boundary gives", async () => {
      const { organizationId } = scene;
      const { subscriptions } = scene.client;
      await scene.on("2091-04-01T00:00Z");
      await scene.subscribe("pro", YEARLY);
      await scene.on("2091-06-15T00:00Z");
      const { plans } = await subscriptions.listPlans({});
      const edited = plans.map((plan) => ({ ...plan, cycleMicros: plan.cycleMicros + 7n * CREDIT }));
      await subscriptions.publishCatalogue({ requestId: randomUUID(), catalogue: { plans: edited } });
      const wish = { organizationId, planId: "starter", billingPeriod: YEARLY };
      const { nextCycleMicros } = await subscriptions.previewPlanChange(wish);
      expect(nextCycleMicros).to.equal(5_007n * CREDIT);
      await subscriptions.changePlan(wish);
      await scene.on("2091-07-01T00:00Z");
      expect(await scene.balance()).to.equal("subscription 5007");
    });
  });
}
