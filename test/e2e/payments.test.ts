import { randomUUID } from "node:crypto";
import { createClient } from "@connectrpc/connect";
import { expect } from "chai";
import type { Balance } from "../../gen/pleyor/credits/v1/balance_pb.ts";
import { CatalogueInvalidSchema } from "../../gen/pleyor/credits/v1/error_reason_pb.ts";
import {
  BillingPeriod,
  type Subscription,
  SubscriptionState,
} from "../../gen/pleyor/credits/v1/subscription_pb.ts";
import { TestClockService } from "../../gen/pleyor/credits/v1/test_clock_service_pb.ts";
import { type CreditClient, createCreditClient, refusalOf } from "../../src/client/client.ts";
import { createGrpcTransport } from "../../src/client/grpc-transport.ts";
import { parseConfig } from "../../src/config.ts";
import type { Server } from "../../src/server/life.ts";
import { createServer } from "../../src/server.ts";
import { Telemetry } from "../../src/telemetry/telemetry.ts";
import { createEmptyTestDatabase, type TestDatabase } from "../support/database.ts";
import { verifyDatabase } from "../support/running-service.ts";
import { CREDIT } from "./plan-scene.ts";

const { MONTHLY } = BillingPeriod;
const PRICE = { amountMinor: 100n, currency: "EUR" };
const PLAN = { displayName: "", cycleMicros: CREDIT, monthlyPrice: PRICE, yearlyPrice: PRICE };

/** What all answers about a subscription have. */
type Changed = Readonly<{
  replayed: boolean;
  balance?: Balance | undefined;
  subscription?: Subscription | undefined;
  currentBalance?: Balance | undefined;
  currentSubscription?: Subscription | undefined;
}>;

describe("what a payment system calls, on two servers", () => {
  let database: TestDatabase;
  let servers: readonly Server[];
  let clients: readonly [CreditClient, CreditClient];
  let addresses: readonly string[];

  before(async () => {
    database = await createEmptyTestDatabase();
    const ports = { PLEYOR_GRPC_PORT: "0", PLEYOR_HTTP_PORT: "0" };
    const config = parseConfig({ DATABASE_URL: database.url, ...ports });
    const silent = () => ({ telemetry: new Telemetry("silent") });
    servers = [createServer(config, silent()), createServer(config, silent())];
    const [first, second] = await Promise.all(servers.map((server) => server.start()));
    addresses = [first?.grpcAddress ?? "", second?.grpcAddress ?? ""];
    clients = [
      createCreditClient({ transport: "grpc", address: first?.grpcAddress ?? "" }),
      createCreditClient({ transport: "connect", baseUrl: `http://${second?.httpAddress}` }),
    ];
  });

  after(async () => {
    for (const client of clients) client.close();
    await Promise.all(servers.map((server) => server.stop()));
    expect((await verifyDatabase(database.url)).discrepancies).to.deep.equal([]);
    await database.drop();
  });

  /** The same call, over and over, at once on both servers. */
  async function often<T>(
    call: (client: CreditClient) => Promise<T>,
  ): Promise<readonly PromiseSettledResult<T>[]> {
    return await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) => call(clients[index % 2 === 0 ? 0 : 1])),
    );
  }

  function values<T>(ends: readonly PromiseSettledResult<T>[]): T[] {
    return ends.map((end) => {
      if (end.status === "rejected") throw end.reason;
      return end.value;
    });
  }

  async function reasonOf(call: Promise<unknown>): Promise<string | undefined> {
    return refusalOf(
      await call.then(
        () => undefined,
        (error: unknown) => error,
      ),
    )?.reason;
  }

  it("finds one catalogue, though both servers started on an empty database at once", async () => {
    for (const { subscriptions } of clients)
      expect((await subscriptions.listPlans({})).catalogueVersion).to.equal(1n);
  });

  it("R-GRANT-4: a payment grants once, whatever the request ids, and never again for another amount", async () => {
    const purchase = { case: "packId", value: "small" } as const;
    const bought = { organizationId: "payer", purchase, reference: "payment:pi_1" };
    const answers = values(await often(({ subscriptions }) => subscriptions.purchaseCredits(bought)));
    expect(new Set(answers.map(({ grant }) => grant?.grantId)).size).to.equal(1);
    expect(answers.filter(({ replayed }) => !replayed)).to.have.length(1);
    const { balance } = await clients[1].credits.getBalance({ organizationId: "payer" });
    expect(balance).to.deep.include({ purchasedMicros: 500n * CREDIT, version: 1n });
    for (const { subscriptions } of clients) {
      const other = { case: "packId", value: "large" } as const;
      const call = subscriptions.purchaseCredits({ ...bought, purchase: other });
      expect(await reasonOf(call)).to.equal("REFERENCE_REUSED");
    }
  });

  it("R-GRANT-5: a refund of a purchase takes back once", async () => {
    const refund = { organizationId: "payer", reference: "payment:pi_1", spentBecomesDebt: true };
    const answers = values(await often(({ subscriptions }) => subscriptions.refundPurchase(refund)));
    expect(answers.filter(({ replayed }) => !replayed)).to.have.length(1);
    const { balance } = await clients[0].credits.getBalance({ organizationId: "payer" });
    expect(balance).to.deep.include({ purchasedMicros: 0n, debtMicros: 0n, version: 2n });
  });

  it("R-PLAN-5, R-PLAN-8: suspending, resuming, cancelling and changing to what is scheduled happen once", async () => {
    const organizationId = "subscriber";
    const created = await often(({ subscriptions }) =>
      subscriptions.createSubscription({ organizationId, planId: "pro", billingPeriod: MONTHLY }),
    );
    expect(created.filter(({ status }) => status === "fulfilled")).to.have.length(1);
    const once = async (call: (client: CreditClient) => Promise<{ replayed: boolean }>) => {
      const answers = values(await often(call));
      expect(answers.filter(({ replayed }) => !replayed)).to.have.length(1);
    };
    await once(({ subscriptions }) => subscriptions.suspendSubscription({ organizationId, voidCycle: true }));
    await once(({ subscriptions }) => subscriptions.resumeSubscription({ organizationId }));
    const down = { organizationId, planId: "free", billingPeriod: MONTHLY };
    await once(({ subscriptions }) => subscriptions.changePlan(down));
    await once(({ subscriptions }) => subscriptions.cancelSubscription({ organizationId }));
    const { balance } = await clients[0].credits.getBalance({ organizationId });
    expect(balance).to.deep.include({ subscriptionMicros: 5_000n * CREDIT, version: 5n });
  });

  it("R-GRANT-4: a callback acts once under its reference: copies at once, and old ones that come late", async () => {
    const organizationId = "called-back";
    const act = async (
      reference: string,
      call: (client: CreditClient, named: { organizationId: string; reference: string }) => Promise<Changed>,
    ) => {
      const named = { organizationId, reference };
      const answers = values(await often((client) => call(client, named)));
      expect(answers.filter(({ replayed }) => !replayed)).to.have.length(1);
      for (const { subscription } of answers) expect(subscription).to.deep.equal(answers[0]?.subscription);
      const [{ balance, subscription }] = answers as [Changed];
      return async () => {
        const before = (await clients[0].credits.getBalance({ organizationId })).balance;
        const late = await call(clients[1], named);
        expect(late).to.deep.include({ replayed: true, balance, subscription });
        expect(late.currentBalance).to.deep.equal(before);
        const { subscription: current } = await clients[0].subscriptions.getSubscription({ organizationId });
        expect(late.currentSubscription).to.deep.equal(current);
      };
    };
    const plan = { planId: "starter", billingPeriod: MONTHLY };
    const up = { planId: "pro", billingPeriod: MONTHLY };
    const late = [
      await act("event:1", ({ subscriptions }, named) =>
        subscriptions.createSubscription({ ...named, ...plan }),
      ),
      await act("event:2", ({ subscriptions }, named) => subscriptions.changePlan({ ...named, ...up })),
      await act("event:3", ({ subscriptions }, named) => subscriptions.cancelSubscription(named)),
      await act("event:4", ({ subscriptions }, named) => subscriptions.withdrawPlanChange(named)),
      await act("event:5", ({ subscriptions }, named) =>
        subscriptions.suspendSubscription({ ...named, voidCycle: true }),
      ),
      // The payment system says it twice, in two events: there is nothing left to do.
      await act("event:6", ({ subscriptions }, named) =>
        subscriptions.suspendSubscription({ ...named, voidCycle: true }),
      ),
      await act("event:7", ({ subscriptions }, named) => subscriptions.resumeSubscription(named)),
    ];
    for (const again of late.toReversed()) await again();
    const { balance } = await clients[0].credits.getBalance({ organizationId });
    expect(balance?.version).to.equal(7n);
    const { subscription } = await clients[1].subscriptions.getSubscription({ organizationId });
    expect(subscription).to.deep.include({ state: SubscriptionState.ACTIVE });
    const changed = clients[0].subscriptions.suspendSubscription({ organizationId, reference: "event:5" });
    const told = refusalOf(await changed.catch((error: unknown) => error));
    expect(told?.reason).to.equal("REFERENCE_REUSED");
    expect(told?.metadata).to.include({ kind: "SUBSCRIPTION_SUSPEND", version: "5" });
    const purchase = { case: "packId", value: "small" } as const;
    const bought = clients[1].subscriptions.purchaseCredits({
      organizationId,
      purchase,
      reference: "event:5",
    });
    expect(await reasonOf(bought)).to.equal("REFERENCE_REUSED");
    const { transaction } = await clients[0].credits.getTransaction({ organizationId, version: 5n });
    expect(transaction?.requestReference).to.equal("event:5");
  });

  it("R-REQ-3: two copies of one request, on two servers at once, have one effect and one answer", async () => {
    const requestId = randomUUID();
    const request = { organizationId: "copies", requestId, planId: "starter", billingPeriod: MONTHLY };
    const answers = values(await often(({ subscriptions }) => subscriptions.createSubscription(request)));
    expect(answers.filter(({ replayed }) => !replayed)).to.have.length(1);
    for (const { subscription } of answers) expect(subscription).to.deep.equal(answers[0]?.subscription);
  });

  it("R-PLAN-1: a published catalogue counts at once on every server, and is published once", async () => {
    const plans = [
      { ...PLAN, planId: "free", rank: 0 },
      { ...PLAN, planId: "starter", rank: 1 },
      { ...PLAN, planId: "pro", rank: 2 },
      { ...PLAN, planId: "gold", rank: 3 },
    ];
    const requestId = randomUUID();
    const publish = { requestId, catalogue: { plans } };
    const answers = values(await often(({ subscriptions }) => subscriptions.publishCatalogue(publish)));
    expect(answers.filter(({ replayed }) => !replayed)).to.have.length(1);
    expect(new Set(answers.map(({ catalogue }) => catalogue?.version))).to.deep.equal(new Set([2n]));
    const other = { requestId, catalogue: { plans: plans.slice(0, 3) } };
    expect(await reasonOf(clients[1].subscriptions.publishCatalogue(other))).to.equal("REQUEST_ID_REUSED");
    for (const [index, { subscriptions }] of clients.entries()) {
      const gold = { organizationId: `gold-${index}`, planId: "gold", billingPeriod: MONTHLY };
      expect((await subscriptions.createSubscription(gold)).balance?.subscriptionMicros).to.equal(CREDIT);
      const amount = { case: "amountMicros", value: CREDIT } as const;
      const purchase = { organizationId: "payer", purchase: amount, reference: "payment:pi_2" };
      expect(await reasonOf(subscriptions.purchaseCredits(purchase))).to.equal("UNIT_PRICE_MISSING");
      const earlier = {
        ...purchase,
        purchase: { case: "packId", value: "small" },
        reference: "payment:pi_1",
      } as const;
      expect((await subscriptions.purchaseCredits(earlier)).price?.amountMinor).to.equal(900n);
    }
  });

  it("CATALOGUE_INVALID: a catalogue is refused whole and every fault is named, plans in use among them", async () => {
    const { subscriptions } = clients[0];
    const plans = [
      { ...PLAN, planId: "gold", rank: 0, monthlyPrice: { amountMinor: -1n, currency: "EUR" } },
      { ...PLAN, planId: "gold", rank: 1, yearlyPrice: { amountMinor: 1n, currency: "" } },
      { ...PLAN, planId: "silver", rank: 1, cycleMicros: -5n },
      { ...PLAN, planId: "lead", rank: 4, monthlyPrice: { amountMinor: 1n, currency: "ABC" } },
    ];
    const call = subscriptions.publishCatalogue({ requestId: randomUUID(), catalogue: { plans } });
    const error = await call.then(
      () => expect.fail("it was published"),
      (thrown: unknown) => thrown,
    );
    expect(refusalOf(error)?.reason).to.equal("CATALOGUE_INVALID");
    const [invalid] = (error as { findDetails: (schema: unknown) => unknown[] }).findDetails(
      CatalogueInvalidSchema,
    );
    const { faults } = invalid as { faults: { place: string; description: string }[] };
    const told = faults.map(({ place, description }) => `${place} ${description}`).join("\n");
    for (const fault of [
      "plans[0].monthly_price.amount_minor is -1",
      "plans[1].yearly_price.currency is missing",
      "plans[2].cycle_micros is -5",
      "plans[3].monthly_price.currency is ABC, no currency of ISO 4217",
      "plans[1].plan_id is gold, as plans[0] has it",
      "plans[2].rank is 1, as plans[1] has it",
      "lacks pro, which is in use",
      "lacks starter, which is in use",
    ])
      expect(told).to.include(fault);
    expect((await subscriptions.listPlans({})).catalogueVersion).to.equal(2n);
    expect(await reasonOf(subscriptions.publishCatalogue({ requestId: randomUUID() }))).to.equal(
      "CATALOGUE_INVALID",
    );
  });

  it("has no test clocks: what was not switched on at the start can't be by a request", async () => {
    for (const address of addresses) {
      const transport = createGrpcTransport({ address });
      const clocks = createClient(TestClockService, transport);
      const clockTime = { seconds: 4_000_000_000n, nanos: 0 };
      const error = await clocks
        .advanceTestClock({ organizationId: "payer", clockTime })
        .catch((e: unknown) => e);
      expect(String(error)).to.match(/unimplemented/i);
      transport.close();
    }
  });
});
