import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { GrantKind } from "../../gen/pleyor/credits/v1/grant_pb.ts";
import { BillingPeriod } from "../../gen/pleyor/credits/v1/subscription_pb.ts";
import { type RunningService, startService } from "../support/running-service.ts";
import { CREDIT, DOORS, PlanScene, time } from "./plan-scene.ts";

const { MONTHLY, YEARLY } = BillingPeriod;
const PRICE = { amountMinor: 100n, currency: "EUR" };

type Bad = readonly [what: string, reason: string, ask: (scene: PlanScene) => Promise<unknown>];

/** What a caller may get wrong about plans and payments; `settled` is a charge of ten credits. */
const BAD: readonly Bad[] = [
  ["an unknown plan", "PLAN_NOT_FOUND", (scene) => scene.change("gold")],
  ["a change to the same plan", "PLAN_UNCHANGED", (scene) => scene.change("pro")],
  ["a second subscription", "SUBSCRIPTION_EXISTS", (scene) => scene.subscribe("team")],
  [
    "nothing to withdraw",
    "PLAN_CHANGE_NOT_SCHEDULED",
    ({ client, organizationId }) => client.subscriptions.withdrawPlanChange({ organizationId }),
  ],
  ["a purchase of zero", "INVALID_REQUEST", (scene) => scene.grant(0n)],
  ["a purchase above 10^15", "INVALID_REQUEST", (scene) => scene.grant(10n ** 9n + 1n)],
  [
    "an unknown pack",
    "PACK_NOT_FOUND",
    ({ client, organizationId }) =>
      client.subscriptions.purchaseCredits({
        organizationId,
        purchase: { case: "packId", value: "huge" },
        reference: "payment:none",
      }),
  ],
  [
    "a payment's reference for another amount",
    "REFERENCE_REUSED",
    ({ client, organizationId }) =>
      client.subscriptions.purchaseCredits({
        organizationId,
        purchase: { case: "packId", value: "large" },
        reference: "payment:first",
      }),
  ],
  [
    "a payment's reference for a change of the subscription",
    "REFERENCE_REUSED",
    ({ client, organizationId }) =>
      client.subscriptions.cancelSubscription({ organizationId, reference: "payment:first" }),
  ],
  [
    "a refund of no purchase",
    "PURCHASE_NOT_FOUND",
    ({ client, organizationId }) =>
      client.subscriptions.refundPurchase({ organizationId, reference: "payment:none" }),
  ],
  [
    "an expiry in the past",
    "INVALID_REQUEST",
    ({ client, organizationId }) =>
      client.grants.createGrant({
        organizationId,
        kind: GrantKind.PROMOTIONAL,
        amountMicros: 1n,
        reference: "gift:1",
        expireTime: time("2026-01-01T00:00Z"),
      }),
  ],
  [
    "a catalogue without a plan that somebody is on",
    "CATALOGUE_INVALID",
    ({ client }) =>
      client.subscriptions.publishCatalogue({ requestId: randomUUID(), catalogue: { plans: [] } }),
  ],
  [
    "a plan without a currency",
    "CATALOGUE_INVALID",
    ({ client }) =>
      client.subscriptions.publishCatalogue({
        requestId: randomUUID(),
        catalogue: {
          plans: [{ planId: "pro", monthlyPrice: PRICE, yearlyPrice: { ...PRICE, currency: "" } }],
        },
      }),
  ],
  [
    "a currency that is none",
    "CATALOGUE_INVALID",
    ({ client }) =>
      client.subscriptions.publishCatalogue({
        requestId: randomUUID(),
        catalogue: {
          plans: [{ planId: "pro", monthlyPrice: PRICE, yearlyPrice: PRICE }],
          packs: [{ packId: "small", amountMicros: CREDIT, price: { ...PRICE, currency: "ABC" } }],
        },
      }),
  ],
  ["a clock that goes back", "INVALID_REQUEST", (scene) => scene.on("2091-03-31T23:59Z")],
  ["a clock beyond a century", "INVALID_REQUEST", (scene) => scene.on("2400-01-01T00:00Z")],
];

for (const door of DOORS) {
  describe(`bad input about plans by the ${door} door`, () => {
    let service: RunningService;
    let scene: PlanScene;
    let settled: string;

    before(async () => {
      service = await startService({ PLEYOR_UNSAFE_TEST_CLOCKS: "on" });
      scene = new PlanScene(service, door);
      await scene.on("2091-04-01T00:00Z");
      await scene.subscribe("pro");
      await scene.client.subscriptions.purchaseCredits({
        organizationId: scene.organizationId,
        purchase: { case: "packId", value: "small" },
        reference: "payment:first",
      });
      settled = await scene.reserve(10n);
      await scene.settle(settled, 10n);
    });

    after(async () => {
      scene.close();
      expect((await service.verify()).discrepancies).to.deep.equal([]);
      await service.stop();
    });

    async function version(): Promise<bigint | undefined> {
      const { organizationId } = scene;
      return (await scene.client.credits.getBalance({ organizationId })).balance?.version;
    }

    for (const [what, reason, ask] of BAD) {
      it(`refuses ${what}, ${reason}, and changes nothing`, async () => {
        const before = await version();
        expect(await scene.refusal(ask(scene))).to.equal(reason);
        expect(await version()).to.equal(before);
      });
    }

    it("R-HOLD-12: refuses a refund above what was charged, and changes nothing", async () => {
      const { organizationId, client } = scene;
      const before = await version();
      const refund = { organizationId, reservationId: settled, amountMicros: 11n * CREDIT };
      expect(await scene.refusal(client.credits.refundReservation(refund))).to.equal("REFUND_EXCEEDS_CHARGE");
      expect(await version()).to.equal(before);
    });

    for (const anchor of ["2081-03-01T00:00Z", "2091-05-03T00:00Z"]) {
      it(`R-PLAN-2: refuses an anchor too far away, ${anchor}, and opens nothing by it`, async () => {
        const other = new PlanScene(service, door);
        await other.on("2091-04-01T00:00Z");
        const { organizationId } = other;
        const wish = { organizationId, planId: "pro", billingPeriod: MONTHLY, anchorTime: time(anchor) };
        const call = other.client.subscriptions.createSubscription(wish);
        expect(await other.refusal(call)).to.equal("ANCHOR_OUT_OF_RANGE");
        const read = other.client.subscriptions.getSubscription({ organizationId });
        expect(await other.refusal(read)).to.equal("ORGANIZATION_NOT_FOUND");
        other.close();
      });
    }

    it("takes one of two changes at once, and refuses the other", async () => {
      const before = (await version()) ?? 0n;
      const ends = await Promise.allSettled([scene.change("free"), scene.change("starter", YEARLY)]);
      const refused = ends.find((end) => end.status === "rejected");
      expect(await scene.refusal(Promise.reject(refused?.reason))).to.equal("PLAN_CHANGE_SCHEDULED");
      expect(await version()).to.equal(before + 1n);
    });
  });
}
