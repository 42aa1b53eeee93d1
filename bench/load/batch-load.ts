import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import {
  ApplyBatchRequestSchema,
  ApplyBatchResponseSchema,
  type BatchOperation,
  BatchOperationSchema,
  CreditService,
  ReserveCreditsRequestSchema,
  SettleReservationRequestSchema,
} from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { newId } from "../../src/service/new-id.ts";
import { Latencies } from "./latencies.ts";
import type { Load, LoadOrder, LoadOutcome } from "./order.ts";

type BatchCalls = Extract<LoadOrder["calls"], { kind: "batch" }>;

const AMOUNT_MICROS = 2_500_000n;
const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;
const { applyBatch } = CreditService.method;
const PATH = `/${applyBatch.parent.typeName}/${applyBatch.name}`;

/** ApplyBatch calls by grpc-js: so few a second that what it costs does not matter. */
export function batchLoad(order: LoadOrder, calls: BatchCalls): Load {
  const client = new Client(order.address, credentials.createInsecure(), {
    "grpc.max_receive_message_length": MESSAGE_BYTES_MAX,
  });
  return { run: () => run(client, order, calls), close: () => client.close() };
}

async function run(client: Client, order: LoadOrder, calls: BatchCalls): Promise<LoadOutcome> {
  const latencies = new Latencies();
  const begin = performance.now();
  const { durationMs, callsMax = Number.POSITIVE_INFINITY } = order;
  const isOver = (): boolean =>
    performance.now() >= begin + durationMs || latencies.count * calls.operations >= callsMax;
  await Promise.all(
    Array.from({ length: order.inFlight }, () => callUntil(isOver, { client, calls, latencies })),
  );
  const elapsedMs = performance.now() - begin;
  const [medianMs, p99Ms] = [latencies.quantile(0.5), latencies.quantile(0.99)];
  return { calls: latencies.count * calls.operations, elapsedMs, medianMs, p99Ms };
}

type Calling = Readonly<{ client: Client; calls: BatchCalls; latencies: Latencies }>;

/** Half of a batch settles what the one before reserved; the first one reserves alone. */
async function callUntil(isOver: () => boolean, { client, calls, latencies }: Calling): Promise<void> {
  let reserved: readonly string[] = [];
  while (!isOver()) {
    const { organizationId, operations } = calls;
    const settles = reserved.slice(0, operations / 2).map((id) => settle(organizationId, id));
    const reserves = Array.from({ length: operations - settles.length }, () => reserve(organizationId));
    const request = create(ApplyBatchRequestSchema, { operations: [...settles, ...reserves] });
    const bytes = Buffer.from(toBinary(ApplyBatchRequestSchema, request));
    const begin = performance.now();
    const answer = await call(client, bytes);
    latencies.add(performance.now() - begin);
    reserved = reservationsOf(answer);
  }
}

function call(client: Client, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + 20_000;
    const plain = (value: Buffer): Buffer => value;
    client.makeUnaryRequest(PATH, plain, plain, bytes, new Metadata(), { deadline }, (error, answer) => {
      if (answer) resolve(answer);
      else reject(error ?? new Error("no answer"));
    });
  });
}

/** The ids of what was reserved. */
function reservationsOf(answer: Buffer): readonly string[] {
  return fromBinary(ApplyBatchResponseSchema, answer).results.flatMap(({ result }) => {
    if (result.case === "error") throw new Error(`an operation failed: ${result.value.message}`);
    return result.case === "reserve" ? (result.value.reservation?.reservationId ?? []) : [];
  });
}

function reserve(organizationId: string): BatchOperation {
  const value = create(ReserveCreditsRequestSchema, {
    organizationId,
    requestId: newId(),
    cost: { case: "amountMicros", value: AMOUNT_MICROS },
    context: { runId: "run-1", nodeId: "portrait", agentId: "director", modelId: "gpt-image-1" },
  });
  return create(BatchOperationSchema, { operation: { case: "reserve", value } });
}

function settle(organizationId: string, reservationId: string): BatchOperation {
  const value = create(SettleReservationRequestSchema, {
    organizationId,
    requestId: newId(),
    reservationId,
    cost: { case: "amountMicros", value: (AMOUNT_MICROS * 4n) / 5n },
  });
  return create(BatchOperationSchema, { operation: { case: "settle", value } });
}
