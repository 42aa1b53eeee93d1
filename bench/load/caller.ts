import { v4 } from "uuid";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { CreditService } from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { newId } from "../../src/service/new-id.ts";
import { type PreparedCall, placeOf, prepareCall } from "./prepared-call.ts";

/** One of those who call at the same time: it makes its next call when its last one is answered. */
export interface Caller {
  /** Valid until the next one is asked for. */
  next(): PreparedCall;
  answered(message: Buffer): void;
  /** Whether it may stop here. */
  readonly atRest: boolean;
}

const REQUEST_ID = "00000000-0000-7000-8000-000000000001";
const RESERVATION_ID = "00000000-0000-7000-8000-000000000002";
/** Tags of `reservation` and of its `reservation_id`; between them is a length of one or two bytes. */
const FIRST_FIELD = 0x0a;
const UUID_LENGTH = 36;
const VARINT_MORE = 0x80;

/** Asks whether the server serves: the call that does least, through all that surrounds a handler. */
export class HealthCaller implements Caller {
  readonly atRest = true;
  readonly #call = prepareCall(Health.method.check, { service: "" });

  next(): PreparedCall {
    return this.#call;
  }

  answered(): void {
    // A failed call was told as such; there is nothing else to an answer.
  }
}

type SpendCalls = Readonly<{
  reserve: PreparedCall;
  reserveRequestAt: number;
  settle: PreparedCall;
  settleRequestAt: number;
  settleReservationAt: number;
}>;

/** Reserves and settles, as each node of a run does; of several organizations, one after the other. */
export class SpendCaller implements Caller {
  readonly #calls: readonly SpendCalls[];
  readonly #newRequestId: () => string;
  #turn = 0;
  #reservationId: Buffer | undefined;

  constructor(index: number, organizationIds: readonly string[], requestIds: "v4" | "v7" = "v7") {
    this.#calls = organizationIds.map((organizationId) => prepareSpend(index, organizationId));
    this.#newRequestId = requestIds === "v4" ? v4 : newId;
  }

  get atRest(): boolean {
    return this.#reservationId === undefined;
  }

  next(): PreparedCall {
    const calls = this.#calls[this.#turn % this.#calls.length];
    if (!calls) throw new Error("a caller without organizations");
    const { reserve, settle } = calls;
    if (this.#reservationId === undefined) {
      reserve.frames.write(this.#newRequestId(), calls.reserveRequestAt, "latin1");
      return reserve;
    }
    settle.frames.write(this.#newRequestId(), calls.settleRequestAt, "latin1");
    this.#reservationId.copy(settle.frames, calls.settleReservationAt);
    return settle;
  }

  answered(message: Buffer): void {
    if (this.#reservationId === undefined) {
      this.#reservationId = reservationIdIn(message);
      return;
    }
    this.#reservationId = undefined;
    this.#turn += 1;
  }
}

function prepareSpend(index: number, organizationId: string): SpendCalls {
  const amountMicros = 2_500_000n;
  const reserve = prepareCall(CreditService.method.reserveCredits, {
    organizationId,
    requestId: REQUEST_ID,
    cost: { case: "amountMicros", value: amountMicros },
    context: { runId: `run-${index}`, nodeId: "portrait", agentId: "director", modelId: "gpt-image-1" },
  });
  const settle = prepareCall(CreditService.method.settleReservation, {
    organizationId,
    requestId: REQUEST_ID,
    reservationId: RESERVATION_ID,
    cost: { case: "amountMicros", value: (amountMicros * 4n) / 5n },
  });
  return {
    reserve,
    reserveRequestAt: placeOf(reserve, REQUEST_ID),
    settle,
    settleRequestAt: placeOf(settle, REQUEST_ID),
    settleReservationAt: placeOf(settle, RESERVATION_ID),
  };
}

/** The first field of an answer is the reservation, and its first field is its id. */
export function reservationIdIn(message: Buffer): Buffer {
  const lengthBytes = (message[1] ?? 0) & VARINT_MORE ? 2 : 1;
  const at = 1 + lengthBytes;
  if (message[0] !== FIRST_FIELD || message[at] !== FIRST_FIELD || message[at + 1] !== UUID_LENGTH) {
    throw new Error("the answer does not begin with a reservation's id");
  }
  return Buffer.from(message.subarray(at + 2, at + 2 + UUID_LENGTH));
}
