import { randomUUID } from "node:crypto";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect } from "chai";
import { TransactionKind } from "../../gen/pleyor/credits/v1/transaction_pb.ts";
import { ModelChangeKind, RateCardState } from "../../gen/pleyor/pricing/v1/rate_card_pb.ts";
import { type CreditClient, refusalOf } from "../../src/client/client.ts";
import { cardOf, clientOf, DOORS, openOrganization, painter, publish } from "../support/priced-service.ts";
import { type RunningService, startService } from "../support/running-service.ts";

const CHEAP = cardOf(painter("0.5"), painter("1", { modelId: "sculptor" }));
const DEAR = cardOf(painter("2"), painter("1", { modelId: "writer" }));

for (const door of DOORS) {
  describe(`prices by the ${door} door`, () => {
    let service: RunningService;
    let client: CreditClient;
    let organizationId: string;

    before(async () => {
      service = await startService();
      client = clientOf(service, door);
      organizationId = await openOrganization(client);
    });

    after(async () => {
      client.close();
      expect((await service.verify()).discrepancies).to.deep.equal([]);
      await service.stop();
    });

    const price = (more: object = {}) =>
      ({ case: "price", value: { modelId: "painter", settings: { n: 2 }, ...more } }) as const;
    const usage = (images: string) => ({ case: "usage", value: { measures: { images } } }) as const;

    it("a new database begins with the example card as version 1", async () => {
      const { rateCardVersion, rateCard } = await client.prices.getRateCard({});
      expect(rateCardVersion).to.deep.include({
        version: 1n,
        state: RateCardState.CURRENT,
        publisher: "system",
      });
      expect(rateCardVersion?.modelCount).to.equal(63);
      expect(rateCard?.models).to.deep.equal([]);
      const { models, nextPageToken } = await client.prices.listModels({ pageSize: 60 });
      const rest = await client.prices.listModels({ pageSize: 60, pageToken: nextPageToken });
      expect([models.length, rest.models.length, rest.nextPageToken]).to.deep.equal([60, 3, ""]);
      const { example } = await client.prices.getModel({ modelId: "black_forest_labs/flux-pro-1.1" });
      expect(example?.expectedMicros).to.equal(5_200_000n);
    });

    it("R-PRICE-3, R-PRICE-4: estimate, reserve, publish a dearer card, settle by usage: the old price is charged", async () => {
      const version = await publish(client, CHEAP);
      const { estimate } = await client.prices.estimateCost({ modelId: "painter", settings: { n: 2 } });
      expect(estimate?.rateCardVersion).to.equal(version);
      expect([estimate?.minimumMicros, estimate?.expectedMicros, estimate?.maximumMicros]).to.deep.equal([
        1_000_000n,
        1_000_000n,
        2_000_000n,
      ]);
      const { reservation } = await client.credits.reserveCredits({ organizationId, cost: price() });
      const { reservationId = "" } = reservation ?? {};
      expect(reservation).to.deep.include({ amountMicros: 1_000_000n, rateCardVersion: version });
      expect(reservation?.context?.modelId).to.equal("painter");
      expect(reservation?.pricing?.settings).to.deep.equal({ n: 2 });
      expect(reservation?.pricing?.estimate?.maximumMicros).to.equal(2_000_000n);

      const dearer = await publish(client, DEAR);
      expect((await client.prices.estimateCost({ modelId: "painter" })).estimate?.rateCardVersion).to.equal(
        dearer,
      );

      const settled = await client.credits.settleReservation({
        organizationId,
        reservationId,
        cost: usage("3"),
      });
      expect(settled.reservation?.settledMicros).to.equal(1_500_000n);
      expect(settled.transaction).to.deep.include({ kind: TransactionKind.SETTLE, rateCardVersion: version });
      expect(settled.transaction?.pricing?.usage).to.deep.equal({ images: "3" });
      const again = await client.credits.settleReservation({
        organizationId,
        reservationId,
        cost: usage("3.0"),
      });
      expect(again.replayed).to.equal(true);
      const other = client.credits.settleReservation({ organizationId, reservationId, cost: usage("4") });
      expect(await reasonOf(other)).to.equal("RESERVATION_SETTLED");
    });

    it("R-HOLD-14: a reservation by model holds the expected cost, or the maximum if it is asked for", async () => {
      const version = await publish(client, CHEAP);
      const items = [{ cost: price() }, { cost: price({ holdMaximum: true }) }];
      const { reservations } = await client.credits.batchReserveCredits({ organizationId, items });
      expect(reservations.map(({ amountMicros }) => amountMicros)).to.deep.equal([1_000_000n, 2_000_000n]);
      expect(reservations.map(({ rateCardVersion }) => rateCardVersion)).to.deep.equal([version, version]);
    });

    it("R-HOLD-11: a call that was made is charged by what was measured of it", async () => {
      const version = await publish(client, CHEAP);
      const call = { modelId: "painter", usage: { measures: { images: "5" } } };
      const { transaction } = await client.credits.chargeCredits({
        organizationId,
        cost: { case: "metered", value: call },
      });
      expect(transaction).to.deep.include({ amountMicros: 2_500_000n, rateCardVersion: version });
      expect(transaction?.context?.modelId).to.equal("painter");
    });

    it("R-PRICE-4: the price of an estimate holds after a new card has come, and is stale before its time", async () => {
      const quoted = await publish(client, CHEAP);
      await publish(client, DEAR);
      const cost = price({ rateCardVersion: quoted });
      const { reservation } = await client.credits.reserveCredits({ organizationId, cost });
      expect(reservation).to.deep.include({ amountMicros: 1_000_000n, rateCardVersion: quoted });
      const effectiveTime = timestampFromMs(Date.now() + 3_600_000);
      const { rateCardVersion } = await client.prices.publishRateCard({ rateCard: CHEAP, effectiveTime });
      expect(rateCardVersion?.state).to.equal(RateCardState.SCHEDULED);
      const early = price({ rateCardVersion: rateCardVersion?.version });
      expect(await reasonOf(client.credits.reserveCredits({ organizationId, cost: early }))).to.equal(
        "RATE_CARD_STALE",
      );
    });

    it("R-REQ-1: a repeated reserve is answered as the first time, after a new card, and without its model", async () => {
      await publish(client, CHEAP);
      const request = {
        organizationId,
        requestId: randomUUID(),
        cost: price({ modelId: "sculptor", settings: {} }),
      };
      const first = await client.credits.reserveCredits(request);
      await publish(client, DEAR);
      const again = await client.credits.reserveCredits(request);
      expect(again.replayed).to.equal(true);
      expect(again.reservation).to.deep.equal(first.reservation);
      const fresh = client.credits.reserveCredits({ ...request, requestId: randomUUID() });
      expect(await reasonOf(fresh)).to.equal("MODEL_NOT_FOUND");
      const other = client.credits.reserveCredits({ ...request, cost: price() });
      expect(await reasonOf(other)).to.equal("REQUEST_ID_REUSED");
    });

    it("R-PRICE-6: usage that is unknown or missing is refused by name; by amount is always open", async () => {
      await publish(client, CHEAP);
      const { reservation } = await client.credits.reserveCredits({ organizationId, cost: price() });
      const { reservationId = "" } = reservation ?? {};
      const faults: readonly (readonly [Record<string, string>, string])[] = [
        [{}, "images"],
        [{ images: "1", seconds: "2" }, "seconds"],
        [{ images: "-1" }, "images"],
        [{ images: "1e3" }, "images"],
      ];
      for (const [measures, measure] of faults) {
        const cost = { case: "usage", value: { measures } } as const;
        const error = await errorOf(
          client.credits.settleReservation({ organizationId, reservationId, cost }),
        );
        expect(error?.reason).to.equal("USAGE_INVALID");
        expect(error?.metadata.measure).to.equal(measure);
      }
      const byAmount = { case: "amountMicros", value: 7n } as const;
      const { transaction } = await client.credits.settleReservation({
        organizationId,
        reservationId,
        cost: byAmount,
      });
      expect(transaction).to.deep.include({ amountMicros: 7n, rateCardVersion: 0n });
      const made = await client.credits.reserveCredits({ organizationId, cost: byAmount });
      const unpriced = {
        organizationId,
        reservationId: made.reservation?.reservationId ?? "",
        cost: usage("1"),
      };
      expect(await reasonOf(client.credits.settleReservation(unpriced))).to.equal("RESERVATION_UNPRICED");
    });

    it("R-PRICE-3: a run's estimate has each node, the total, and whether the balance covers it", async () => {
      await publish(client, CHEAP);
      const nodes = [
        { nodeId: "a", modelId: "painter", settings: { n: 10 } },
        { nodeId: "b", modelId: "sculptor", knownUsage: { images: "1" } },
      ];
      const { estimate } = await client.prices.estimateRun({ nodes, organizationId });
      expect(estimate?.nodes.map(({ nodeId }) => nodeId)).to.deep.equal(["a", "b"]);
      expect([estimate?.minimumMicros, estimate?.maximumMicros]).to.deep.equal([6_000_000n, 11_000_000n]);
      expect(estimate?.coverage).to.deep.include({ expectedCovered: true, maximumCovered: true });
      const poor = await openOrganization(client);
      await client.credits.chargeCredits({
        organizationId: poor,
        cost: { case: "amountMicros", value: 10n ** 12n - 4_000_000n },
      });
      const { coverage } = (await client.prices.estimateRun({ nodes, organizationId: poor })).estimate ?? {};
      expect(coverage).to.deep.include({ expectedCovered: false, availableMicros: 4_000_000n });
      expect(coverage?.insufficientCredits).to.deep.include({ shortfallMicros: 2_000_000n });
      // R-PRICE-3: with the remedy of R-HOLD-2, from the example's plans and packs.
      expect(coverage?.insufficientCredits?.topUpPack?.packId).to.equal("small");
      expect(coverage?.insufficientCredits?.plan?.planId).to.equal("free");
      const nobody = client.prices.estimateRun({ nodes, organizationId: "nobody" });
      expect(await reasonOf(nobody)).to.equal("ORGANIZATION_NOT_FOUND");
      const unknown = await errorOf(
        client.prices.estimateRun({ nodes: [...nodes, { nodeId: "c", modelId: "poet" }] }),
      );
      expect(unknown?.reason).to.equal("MODEL_NOT_FOUND");
      expect(unknown?.metadata).to.deep.include({ node_id: "c", item_index: "2", model_id: "poet" });
    });

    it("R-PRICE-5, R-REQ-1: a card is published whole, once for a request id, with what it changes", async () => {
      await publish(client, CHEAP);
      const rehearsed = await client.prices.publishRateCard({ rateCard: DEAR, dryRun: true });
      expect(rehearsed.rateCardVersion).to.equal(undefined);
      const changes = rehearsed.changes.map(({ modelId, kind }) => [modelId, kind]);
      expect(changes).to.deep.equal([
        ["painter", ModelChangeKind.CHANGED],
        ["sculptor", ModelChangeKind.REMOVED],
        ["writer", ModelChangeKind.ADDED],
      ]);
      expect(rehearsed.changes[0]).to.deep.include({
        previousExpectedMicros: 500_000n,
        expectedMicros: 2_000_000n,
      });
      const request = { requestId: randomUUID(), rateCard: DEAR };
      const first = await client.prices.publishRateCard(request);
      await publish(client, CHEAP);
      const again = await client.prices.publishRateCard(request);
      expect(again.replayed).to.equal(true);
      expect(again.changes).to.deep.equal(first.changes);
      expect(again.rateCardVersion?.version).to.equal(first.rateCardVersion?.version);
      expect(again.rateCardVersion?.state).to.equal(RateCardState.SUPERSEDED);
      const reused = client.prices.publishRateCard({ ...request, rateCard: CHEAP });
      expect(await reasonOf(reused)).to.equal("REQUEST_ID_REUSED");
      const read = await client.prices.getRateCard({
        version: first.rateCardVersion?.version ?? 0n,
        includeModels: true,
      });
      expect(read.rateCard).to.deep.equal(DEAR);
      const past = client.prices.publishRateCard({ rateCard: DEAR, effectiveTime: timestampFromMs(1) });
      expect(await reasonOf(past)).to.equal("INVALID_REQUEST");
    });

    it("lists rate cards, newest first, in pages", async () => {
      const all = await client.prices.listRateCards({});
      const versions = all.rateCardVersions.map(({ version }) => version);
      expect(versions).to.deep.equal(versions.map((_, index) => BigInt(versions.length - index)));
      const page = await client.prices.listRateCards({ pageSize: 2 });
      const next = await client.prices.listRateCards({ pageSize: 2, pageToken: page.nextPageToken });
      expect(next.rateCardVersions.map(({ version }) => version)).to.deep.equal(versions.slice(2, 4));
      const made = client.prices.listModels({ pageToken: "99 bm90" });
      expect(await reasonOf(made)).to.equal("INVALID_REQUEST");
    });

    it("what a price names must be there, and the context may name no other model", async () => {
      const settings = { n: "many", size: 2 };
      const invalid = await errorOf(client.prices.estimateCost({ modelId: "painter", settings }));
      expect(invalid?.reason).to.equal("SETTINGS_INVALID");
      expect(invalid?.invalid).to.have.property("faults").with.length.greaterThan(1);
      const versions = client.prices.estimateCost({ modelId: "painter", rateCardVersion: 999n });
      expect(await reasonOf(versions)).to.equal("RATE_CARD_NOT_FOUND");
      const context = { modelId: "poet" };
      const other = await errorOf(client.credits.reserveCredits({ organizationId, cost: price(), context }));
      expect(other?.metadata.field).to.equal("context.model_id");
      const large = price({ settings: { n: "x".repeat(9_000) } });
      const refused = await errorOf(client.credits.reserveCredits({ organizationId, cost: large }));
      expect(refused?.metadata.field).to.equal("price.settings");
    });
  });
}

async function errorOf(call: Promise<unknown>): Promise<ReturnType<typeof refusalOf>> {
  try {
    await call;
  } catch (error) {
    return refusalOf(error);
  }
  throw new Error("the call was not refused");
}

async function reasonOf(call: Promise<unknown>): Promise<string | undefined> {
  return (await errorOf(call))?.reason;
}
