import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { BillingPeriod, SubscriptionState } from "../../gen/pleyor/credits/v1/subscription_pb.ts";
import { LimitKind } from "../../gen/pleyor/credits/v1/subscription_service_pb.ts";
import { refusalOf } from "../../src/client/client.ts";
import { type RunningService, startService } from "../support/running-service.ts";
import { CREDIT, DOORS, PlanScene, textOf, time } from "./plan-scene.ts";

const { MONTHLY, YEARLY } = BillingPeriod;

for (const door of DOORS) {
  describe(`plans by the ${door} door`, () => {
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

    it("R-PLAN-1: a new installation has the plans and packs of the catalogue's file, by rank and by size", async () => {
      const { subscriptions } = scene.client;
      const { plans, catalogueVersion } = await subscriptions.listPlans({});
      expect(plans.map(({ planId }) => planId)).to.deep.equal(["free", "starter", "pro", "team"]);
      expect(catalogueVersion).to.equal(1n);
      const { plan } = await subscriptions.getPlan({ planId: "team" });
      expect(plan?.limits).to.deep.include({ members: 50 });
      expect(plan?.limits?.workspaces).to.equal(undefined);
      const first = await subscriptions.listTopUpPacks({ pageSize: 2 });
      const second = await subscriptions.listTopUpPacks({ pageSize: 2, pageToken: first.nextPageToken });
      const packs = [...first.packs, ...second.packs].map(({ packId }) => packId);
      expect(packs).to.deep.equal(["small", "medium", "large"]);
      expect(second.nextPageToken).to.equal("");
      expect(first.unitPrice?.amountMicros).to.equal(100n * CREDIT);
      expect(await scene.refusal(subscriptions.getPlan({ planId: "gold" }))).to.equal("PLAN_NOT_FOUND");
    });

    it("R-PLAN-2, R-PLAN-3: a read just after a boundary shows the new cycle, without any job; the 31st stays", async () => {
      await scene.on("2091-01-31T10:00Z");
      const { cycleEndTime } = await scene.subscribe("starter");
      expect(textOf(cycleEndTime)).to.equal("2091-02-28T10:00Z");
      await scene.settle(await scene.reserve(400n), 400n);
      expect(await scene.balance()).to.equal("subscription 1100");
      await scene.on("2091-02-28T09:59:59.999Z");
      expect(await scene.balance()).to.equal("subscription 1100");
      await scene.on("2091-02-28T10:00Z");
      expect(await scene.balance()).to.equal("subscription 1500");
      const { balance } = await scene.client.credits.getBalance({ organizationId: scene.organizationId });
      expect(textOf(balance?.cycleStartTime)).to.equal("2091-02-28T10:00Z");
      expect(textOf(balance?.cycleEndTime)).to.equal("2091-03-31T10:00Z");
      expect(await scene.history()).to.deep.equal(["SUBSCRIPTION_START", "RESERVE", "SETTLE", "CYCLE_RESET"]);
      const { transaction } = await scene.client.credits.getTransaction({
        organizationId: scene.organizationId,
        version: 4n,
      });
      expect(transaction?.madeGrants[0]).to.deep.include({ reference: "cycle:2091-02-28T10:00:00Z" });
      expect(textOf(transaction?.effectiveTime)).to.equal("2091-02-28T10:00Z");
      const before = await scene.client.credits.getBalance({
        organizationId: scene.organizationId,
        readTime: time("2091-02-28T09:00Z"),
      });
      expect(before.balance?.subscriptionMicros).to.equal(1_100n * CREDIT);
      expect(textOf(before.balance?.cycleEndTime)).to.equal("2091-02-28T10:00Z");
    });

    it("R-PLAN-3: a year of sleep is twelve cycles, each at its time, with credits of the last one only", async () => {
      await scene.on("2091-01-31T10:00Z");
      await scene.subscribe("pro");
      await scene.on("2092-02-29T10:00Z");
      expect(await scene.balance()).to.equal("subscription 5000");
      const history = await scene.history();
      expect(history).to.deep.equal(["SUBSCRIPTION_START", ...Array(13).fill("CYCLE_RESET")]);
      const { transactions } = await scene.client.credits.listTransactions({
        organizationId: scene.organizationId,
        pageSize: 3,
      });
      const days = transactions.map(({ effectiveTime }) => textOf(effectiveTime));
      expect(days).to.deep.equal(["2092-02-29T10:00Z", "2092-01-31T10:00Z", "2091-12-31T10:00Z"]);
    });

    it("R-PLAN-4, R-PLAN-6: YEARLY refreshes monthly; what is scheduled waits for the end of the paid year", async () => {
      await scene.on("2091-02-15T00:00Z");
      await scene.subscribe("pro", YEARLY);
      await scene.on("2091-06-20T00:00Z");
      expect(await scene.balance()).to.equal("subscription 5000");
      const { subscription, duePrice } = await scene.change("starter", YEARLY);
      expect(duePrice).to.deep.include({ amountMinor: 0n, currency: "EUR" });
      expect(subscription?.plan?.planId).to.equal("pro");
      expect(textOf(subscription?.scheduledChange?.effectiveTime)).to.equal("2092-02-15T00:00Z");
      expect(await scene.refusal(scene.change("free", YEARLY))).to.equal("PLAN_CHANGE_SCHEDULED");
      const repeated = await scene.change("starter", YEARLY);
      expect(repeated.replayed).to.equal(true);
      await scene.on("2092-02-14T23:59Z");
      expect((await scene.subscription()).plan?.planId).to.equal("pro");
      await scene.on("2092-02-15T00:00Z");
      expect((await scene.subscription()).plan?.planId).to.equal("starter");
      expect(await scene.balance()).to.equal("subscription 1500");
    });

    it("R-PLAN-5, R-PLAN-7: an upgrade counts at once, as its preview says; going down and up yields no more", async () => {
      await scene.on("2091-04-01T00:00Z");
      await scene.subscribe("starter");
      await scene.on("2091-04-16T00:00Z");
      const { organizationId } = scene;
      const { subscriptions } = scene.client;
      const wish = { organizationId, planId: "pro", billingPeriod: MONTHLY };
      const preview = await subscriptions.previewPlanChange(wish);
      expect(preview).to.deep.include({ grantedMicros: 1_750n * CREDIT, nextCycleMicros: 5_000n * CREDIT });
      expect(preview.duePrice?.amountMinor).to.equal(1_500n);
      expect(await scene.balance()).to.equal("subscription 1500");
      const changed = await scene.change("pro");
      expect(changed.duePrice).to.deep.equal(preview.duePrice);
      expect(await scene.balance()).to.equal("subscription 3250");
      await scene.change("starter");
      const withdrawn = await scene.change("pro");
      expect(withdrawn.subscription?.scheduledChange).to.equal(undefined);
      expect(await scene.refusal(scene.change("pro"))).to.equal("PLAN_UNCHANGED");
      expect(await scene.refusal(subscriptions.previewPlanChange(wish))).to.equal("PLAN_UNCHANGED");
      expect(await scene.balance()).to.equal("subscription 3250");
      await scene.on("2091-05-01T00:00Z");
      expect(await scene.balance()).to.equal("subscription 5000");
    });

    it("R-PLAN-6: a cancelled subscription ends with its term, can be withdrawn until then, and created again", async () => {
      const { organizationId } = scene;
      const { subscriptions } = scene.client;
      await scene.on("2091-04-01T00:00Z");
      await scene.subscribe("starter");
      await subscriptions.cancelSubscription({ organizationId, reason: "too dear" });
      await subscriptions.withdrawPlanChange({ organizationId });
      expect(await scene.refusal(subscriptions.withdrawPlanChange({ organizationId }))).to.equal(
        "PLAN_CHANGE_NOT_SCHEDULED",
      );
      const cancelled = await subscriptions.cancelSubscription({ organizationId });
      const again = await subscriptions.cancelSubscription({ organizationId });
      expect(again.subscription).to.deep.equal(cancelled.subscription);
      expect(again.replayed).to.equal(true);
      expect(await scene.refusal(scene.subscribe("pro"))).to.equal("SUBSCRIPTION_EXISTS");
      await scene.on("2091-05-01T00:00Z");
      expect(await scene.balance()).to.equal("");
      expect((await scene.subscription()).state).to.equal(SubscriptionState.ENDED);
      const check = { organizationId, kind: LimitKind.MEMBERS, count: 1 };
      expect(await scene.refusal(subscriptions.checkLimit(check))).to.equal("SUBSCRIPTION_NOT_FOUND");
      await scene.subscribe("pro");
      expect(await scene.balance()).to.equal("subscription 5000");
      const { balance } = await scene.client.credits.getBalance({ organizationId });
      expect(textOf(balance?.cycleEndTime)).to.equal("2091-06-01T00:00Z");
    });

    it("R-PLAN-8: past due gives nothing; resuming grants the current cycle in full, once", async () => {
      const { organizationId } = scene;
      const { subscriptions } = scene.client;
      await scene.on("2091-04-01T00:00Z");
      await scene.subscribe("starter");
      await subscriptions.suspendSubscription({ organizationId, voidCycle: true, reason: "card declined" });
      expect(await scene.balance()).to.equal("");
      const again = await subscriptions.suspendSubscription({ organizationId, voidCycle: true });
      expect(again.replayed).to.equal(true);
      await subscriptions.resumeSubscription({ organizationId });
      expect(await scene.balance()).to.equal("subscription 1500");
      await subscriptions.suspendSubscription({ organizationId });
      expect(await scene.balance()).to.equal("subscription 1500");
      expect(await scene.refusal(scene.change("pro"))).to.equal("SUBSCRIPTION_PAST_DUE");
      await scene.on("2091-06-10T00:00Z");
      expect(await scene.balance()).to.equal("");
      expect((await scene.subscription()).cycleSkipped).to.equal(true);
      await subscriptions.resumeSubscription({ organizationId });
      expect((await subscriptions.resumeSubscription({ organizationId })).replayed).to.equal(true);
      expect(await scene.balance()).to.equal("subscription 1500");
    });

    it("R-HOLD-6: a hold across a boundary consumes the old cycle's credits, and what returns is gone", async () => {
      await scene.on("2091-04-30T23:50Z");
      const { organizationId } = scene;
      const anchorTime = time("2091-04-01T00:00Z");
      const wish = { planId: "starter", billingPeriod: MONTHLY, anchorTime };
      await scene.client.subscriptions.createSubscription({ organizationId, ...wish });
      const hold = await scene.reserve(1_000n, 3_600n);
      await scene.on("2091-05-01T00:10Z");
      expect(await scene.balance()).to.equal("subscription 2500, reserved 1000");
      await scene.settle(hold, 300n);
      expect(await scene.balance()).to.equal("subscription 1500");
    });

    it("R-PLAN-6, R-PLAN-10: limits are checked by the counts that the caller states", async () => {
      const { organizationId } = scene;
      const { subscriptions } = scene.client;
      await scene.on("2091-04-01T00:00Z");
      await scene.subscribe("pro");
      const ask = (kind: LimitKind, count: number) =>
        subscriptions.checkLimit({ organizationId, kind, count });
      expect(await ask(LimitKind.MEMBERS, 10)).to.deep.include({ allowed: true, limit: 10 });
      const denied = await ask(LimitKind.MEMBERS, 11);
      expect(denied).to.deep.include({ allowed: false, limit: 10 });
      expect(denied.sufficientPlan?.planId).to.equal("team");
      expect((await ask(LimitKind.MEMBERS, 51)).sufficientPlan).to.equal(undefined);
      const counts = { members: 4, workspaces: 2 };
      const down = { organizationId, planId: "starter", billingPeriod: MONTHLY, counts };
      expect(await scene.refusal(subscriptions.changePlan(down))).to.equal("PLAN_LIMIT_EXCEEDED");
      await subscriptions.changePlan({ ...down, counts: { ...counts, members: 3 } });
    });

    it("R-PLAN-9, R-PLAN-11, R-GRANT-5: top-ups with and without a subscription, priced, and refunded by reference", async () => {
      const { organizationId } = scene;
      const { subscriptions } = scene.client;
      const pack = { case: "packId", value: "medium" } as const;
      const bought = await subscriptions.purchaseCredits({
        organizationId,
        purchase: pack,
        reference: "payment:pi_1",
      });
      expect(bought.price).to.deep.include({ amountMinor: 3_900n, currency: "EUR" });
      const some = { case: "amountMicros", value: 150n * CREDIT } as const;
      const unit = await subscriptions.purchaseCredits({
        organizationId,
        purchase: some,
        reference: "payment:pi_2",
      });
      expect(unit.price?.amountMinor).to.equal(300n);
      expect(await scene.balance()).to.equal("purchased 2650");
      const refund = { organizationId, reference: "payment:pi_1", reason: "requested_by_customer" };
      await subscriptions.refundPurchase(refund);
      const again = await subscriptions.refundPurchase(refund);
      expect(again.replayed).to.equal(true);
      expect(again.grant?.reference).to.equal("payment:pi_1");
      expect(
        await scene.refusal(subscriptions.refundPurchase({ ...refund, spentBecomesDebt: true })),
      ).to.equal("GRANT_VOIDED");
      expect(
        await scene.refusal(subscriptions.refundPurchase({ ...refund, reference: "payment:x" })),
      ).to.equal("PURCHASE_NOT_FOUND");
      expect(await scene.balance()).to.equal("purchased 150");
    });

    it("R-HOLD-2: too little available tells the pack, the plan and the next refresh that would help", async () => {
      await scene.on("2091-04-01T00:00Z");
      await scene.subscribe("starter");
      const error = await scene.reserve(2_100n).catch((thrown: unknown) => thrown);
      const { insufficientCredits } = refusalOf(error) ?? {};
      expect(insufficientCredits?.shortfallMicros).to.equal(600n * CREDIT);
      expect(insufficientCredits?.topUpPack?.packId).to.equal("medium");
      expect(insufficientCredits?.plan?.planId).to.equal("pro");
      expect(textOf(insufficientCredits?.nextRefreshTime)).to.equal("2091-05-01T00:00Z");
      await scene.grant(600n);
      await scene.reserve(2_100n);
    });

    it("R-HOLD-12: a refund of a charge whose credits have expired gives promotional ones until the cycle's end", async () => {
      await scene.on("2091-04-01T00:00Z");
      await scene.subscribe("starter");
      const hold = await scene.reserve(100n);
      await scene.settle(hold, 100n);
      await scene.on("2091-05-02T00:00Z");
      const { organizationId } = scene;
      await scene.client.credits.refundReservation({ organizationId, reservationId: hold, reason: "bad" });
      expect(await scene.balance()).to.equal("subscription 1500, promotional 100");
      await scene.on("2091-06-01T00:00Z");
      expect(await scene.balance()).to.equal("subscription 1500");
    });

    it("R-REQ-1: the same request again gives the first answer, with the state as it is beside it", async () => {
      await scene.on("2091-04-01T00:00Z");
      const { organizationId } = scene;
      const { subscriptions } = scene.client;
      const request = { organizationId, requestId: randomUUID(), planId: "starter", billingPeriod: MONTHLY };
      const first = await subscriptions.createSubscription(request);
      await scene.on("2091-04-11T00:00Z");
      const upgrade = { ...request, requestId: randomUUID(), planId: "team" };
      const changed = await subscriptions.changePlan(upgrade);
      await scene.on("2091-05-11T00:00Z");
      const again = await subscriptions.createSubscription(request);
      expect(again).to.deep.include({
        subscription: first.subscription,
        balance: first.balance,
        replayed: true,
      });
      expect(again.currentSubscription?.plan?.planId).to.equal("team");
      const upgraded = await subscriptions.changePlan(upgrade);
      expect(upgraded).to.deep.include({
        subscription: changed.subscription,
        duePrice: changed.duePrice,
        balance: changed.balance,
      });
      const other = { ...upgrade, planId: "pro" };
      expect(await scene.refusal(subscriptions.changePlan(other))).to.equal("REQUEST_ID_REUSED");
    });
  });
}
