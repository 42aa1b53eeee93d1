import { randomUUID } from "node:crypto";
import { type Client, createClient } from "@connectrpc/connect";
import { expect } from "chai";
import { BillingPeriod, type Subscription } from "../../gen/pleyor/credits/v1/subscription_pb.ts";
import { TestClockService } from "../../gen/pleyor/credits/v1/test_clock_service_pb.ts";
import { TransactionKindSchema } from "../../gen/pleyor/credits/v1/transaction_pb.ts";
import { type CreditClient, createCreditClient, refusalOf } from "../../src/client/client.ts";
import { createGrpcTransport } from "../../src/client/grpc-transport.ts";
import type { RunningService } from "../support/running-service.ts";

export const DOORS = ["gRPC", "Connect"] as const;
export type Door = (typeof DOORS)[number];

export const CREDIT = 1_000_000n;
const MICROS_PER_SECOND = 1_000_000n;

/** A timestamp by its text: `2091-02-28T10:00Z`. The year is one that no test run will see. */
export function time(text: string): { seconds: bigint; nanos: number } {
  const millis = Date.parse(text);
  return { seconds: BigInt(Math.floor(millis / 1_000)), nanos: (millis % 1_000) * 1_000_000 };
}

export function textOf(timestamp: { seconds: bigint; nanos: number } | undefined): string {
  if (!timestamp) return "never";
  const micros = timestamp.seconds * MICROS_PER_SECOND + BigInt(timestamp.nanos / 1_000);
  return new Date(Number(micros / 1_000n)).toISOString().replace(/:00\.000Z$/, "Z");
}

/** An organization whose time a test sets, on a running service, by one of its doors. */
export class PlanScene {
  readonly organizationId = `org-${randomUUID()}`;
  readonly client: CreditClient;
  readonly clocks: Client<typeof TestClockService>;
  readonly #close: () => void;

  constructor({ grpcAddress, httpUrl }: RunningService, door: Door) {
    const clockTransport = createGrpcTransport({ address: grpcAddress });
    this.clocks = createClient(TestClockService, clockTransport);
    this.client = createCreditClient(
      door === "gRPC"
        ? { transport: "grpc", address: grpcAddress }
        : { transport: "connect", baseUrl: httpUrl },
    );
    this.#close = () => {
      clockTransport.close();
      this.client.close();
    };
  }

  /** Sets the organization's time; what is due by then is recorded. */
  async on(text: string): Promise<void> {
    await this.clocks.advanceTestClock({ organizationId: this.organizationId, clockTime: time(text) });
  }

  async subscribe(
    planId: string,
    billingPeriod: BillingPeriod = BillingPeriod.MONTHLY,
  ): Promise<Subscription> {
    const { organizationId } = this;
    const answer = await this.client.subscriptions.createSubscription({
      organizationId,
      planId,
      billingPeriod,
    });
    if (!answer.subscription) throw new Error("no subscription");
    return answer.subscription;
  }

  async change(planId: string, billingPeriod: BillingPeriod = BillingPeriod.MONTHLY) {
    const { organizationId } = this;
    return await this.client.subscriptions.changePlan({ organizationId, planId, billingPeriod });
  }

  async grant(credits: bigint): Promise<void> {
    const { organizationId } = this;
    const amountMicros = credits * CREDIT;
    const reference = `payment:${randomUUID()}`;
    await this.client.subscriptions.purchaseCredits({
      organizationId,
      purchase: { case: "amountMicros", value: amountMicros },
      reference,
    });
  }

  async reserve(credits: bigint, seconds = 900n): Promise<string> {
    const { organizationId } = this;
    const cost = { case: "amountMicros", value: credits * CREDIT } as const;
    const timeToLive = { seconds, nanos: 0 };
    const { reservation } = await this.client.credits.reserveCredits({ organizationId, cost, timeToLive });
    return reservation?.reservationId ?? "";
  }

  async settle(reservationId: string, credits: bigint) {
    const { organizationId } = this;
    const cost = { case: "amountMicros", value: credits * CREDIT } as const;
    return await this.client.credits.settleReservation({ organizationId, reservationId, cost });
  }

  /** `subscription 500 purchased 0 reserved 0 debt 0, 2091-01-31..2091-02-28 v1`, in credits. */
  async balance(): Promise<string> {
    const { organizationId } = this;
    const { balance } = await this.client.credits.getBalance({ organizationId });
    if (!balance) throw new Error("no balance");
    const { subscriptionMicros, promotionalMicros, purchasedMicros, reservedMicros, debtMicros } = balance;
    const amounts = { subscriptionMicros, promotionalMicros, purchasedMicros, reservedMicros, debtMicros };
    return Object.entries(amounts)
      .filter(([, micros]) => micros !== 0n)
      .map(([name, micros]) => `${name.replace("Micros", "")} ${Number(micros) / Number(CREDIT)}`)
      .join(", ");
  }

  async subscription(): Promise<Subscription> {
    const { organizationId } = this;
    const { subscription } = await this.client.subscriptions.getSubscription({ organizationId });
    if (!subscription) throw new Error("no subscription");
    return subscription;
  }

  /** The kinds of all changes, the oldest first. */
  async history(): Promise<string[]> {
    const { organizationId } = this;
    const { transactions } = await this.client.credits.listTransactions({ organizationId, pageSize: 1_000 });
    return transactions.toReversed().map(({ kind }) => TransactionKindSchema.value[kind]?.localName ?? "");
  }

  async refusal(call: Promise<unknown>): Promise<string> {
    const error = await call.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error, "refused").to.not.equal(undefined);
    return refusalOf(error)?.reason ?? String(error);
  }

  close(): void {
    this.#close();
  }
}
