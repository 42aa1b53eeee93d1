import { type Timestamp, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect } from "chai";
import type { Reservation } from "../../gen/pleyor/credits/v1/reservation_pb.ts";
import { RateCardState } from "../../gen/pleyor/pricing/v1/rate_card_pb.ts";
import { type CreditClient, createCreditClient, refusalOf } from "../../src/client/client.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { cardOf, openOrganization, painter, publish } from "../support/priced-service.ts";
import { verifyDatabase } from "../support/running-service.ts";
import { ServerProcess } from "../support/server-process.ts";

const CHEAP = cardOf(painter("0.5"));
const DEAR = cardOf(painter("2"));
const COST = { case: "price", value: { modelId: "painter" } } as const;

/** Exact; `timestampMs` rounds to the nearest millisecond, which may be one that is yet to come. */
function nanosOf(time: Timestamp | undefined): bigint {
  return (time?.seconds ?? 0n) * 1_000_000_000n + BigInt(time?.nanos ?? 0);
}

describe("rate cards on two servers of one database", () => {
  let database: TestDatabase;
  let servers: readonly ServerProcess[];
  let first: CreditClient;
  let second: CreditClient;
  let organizationId: string;

  const clientsOf = () =>
    servers.map(({ grpcAddress: address }) => createCreditClient({ transport: "grpc", address }));

  before(async function () {
    this.timeout(60_000);
    database = await createTestDatabase();
    const start = () => ServerProcess.start({ DATABASE_URL: database.url });
    servers = await Promise.all([start(), start()]);
    [first, second] = clientsOf() as [CreditClient, CreditClient];
    organizationId = await openOrganization(first);
  });

  after(async () => {
    for (const client of [first, second]) client.close();
    await Promise.all(servers.map((server) => server.end("SIGTERM")));
    expect((await verifyDatabase(database.url)).discrepancies).to.deep.equal([]);
    await database.drop();
  });

  it("servers that start together publish the first card once", async () => {
    for (const client of [first, second]) {
      const { rateCardVersions } = await client.prices.listRateCards({});
      expect(rateCardVersions.map(({ version }) => version)).to.deep.equal([1n]);
    }
  });

  it("R-PRICE-1: a card that is published by one prices at once on the other", async () => {
    for (const [rateCard, expected] of [
      [CHEAP, 500_000n],
      [DEAR, 2_000_000n],
      [CHEAP, 500_000n],
    ] as const) {
      const version = await publish(first, rateCard);
      const { estimate } = await second.prices.estimateCost({ modelId: "painter" });
      expect(estimate).to.deep.include({ rateCardVersion: version, expectedMicros: expected });
      const { reservation } = await second.credits.reserveCredits({ organizationId, cost: COST });
      expect(reservation).to.deep.include({ rateCardVersion: version, amountMicros: expected });
    }
  });

  it("R-PRICE-1: a scheduled card prices on both from its effective time on, and not before", async function () {
    this.timeout(30_000);
    const cheap = await publish(first, CHEAP);
    const effectiveTime = timestampFromMs(Date.now() + 1_200);
    const { rateCardVersion } = await first.prices.publishRateCard({ rateCard: DEAR, effectiveTime });
    const dear = rateCardVersion?.version ?? 0n;
    const seen = new Set<bigint>();
    const reserveUntilDear = async (client: CreditClient): Promise<void> => {
      for (let last = 0n; last !== dear; ) {
        const { reservation } = await client.credits.reserveCredits({ organizationId, cost: COST });
        last = reservation?.rateCardVersion ?? 0n;
        expect(last).to.equal(nanosOf(reservation?.createTime) < nanosOf(effectiveTime) ? cheap : dear);
        seen.add(last);
      }
    };
    await Promise.all([first, second, first, second].map(reserveUntilDear));
    expect(seen).to.deep.equal(new Set([cheap, dear]));
    const { rateCardVersion: current } = await second.prices.getRateCard({});
    expect(current).to.deep.include({ version: dear, state: RateCardState.CURRENT });
  });

  it("R-PRICE-1: while cards are published, no reservation is priced by a card whose time was over", async function () {
    this.timeout(60_000);
    const reservations: Reservation[] = [];
    let publishing = true;
    const reserving = [first, second].map(async (client) => {
      while (publishing) {
        const { reservation } = await client.credits.reserveCredits({ organizationId, cost: COST });
        if (reservation) reservations.push(reservation);
      }
    });
    for (let round = 0; reservations.length < 30; round += 1) {
      await publish(first, round % 2 === 0 ? CHEAP : DEAR);
    }
    publishing = false;
    await Promise.all(reserving);
    const { rateCardVersions } = await first.prices.listRateCards({ pageSize: 1_000 });
    const effective = new Map(rateCardVersions.map(({ version, effectiveTime }) => [version, effectiveTime]));
    for (const { createTime, rateCardVersion } of reservations) {
      expect(nanosOf(effective.get(rateCardVersion)) <= nanosOf(createTime)).to.equal(true);
      const next = effective.get(rateCardVersion + 1n);
      if (next !== undefined) expect(nanosOf(createTime) < nanosOf(next)).to.equal(true);
    }
  });

  it("a restart keeps cards, pins and the answers to requests", async function () {
    this.timeout(60_000);
    const version = await publish(first, CHEAP);
    const request = { organizationId, requestId: crypto.randomUUID(), cost: COST };
    const { reservation } = await first.credits.reserveCredits(request);
    await publish(first, DEAR);
    for (const server of servers) await server.end("SIGKILL");
    await Promise.all(servers.map((server) => server.start()));
    const again = await second.credits.reserveCredits(request);
    expect(again.replayed).to.equal(true);
    expect(again.reservation).to.deep.equal(reservation);
    const usage = { case: "usage", value: { measures: { images: "1" } } } as const;
    const { transaction } = await second.credits.settleReservation({
      organizationId,
      reservationId: reservation?.reservationId ?? "",
      cost: usage,
    });
    expect(transaction).to.deep.include({ amountMicros: 500_000n, rateCardVersion: version });
    const stale = await second.prices
      .estimateCost({ modelId: "painter", rateCardVersion: 99n })
      .catch((error: unknown) => refusalOf(error)?.reason);
    expect(stale).to.equal("RATE_CARD_NOT_FOUND");
  });
});
