import { create } from "@bufbuild/protobuf";
import type { Duration } from "@bufbuild/protobuf/wkt";
import {
  type WatchAlertsResponse,
  WatchAlertsResponseSchema,
} from "../../gen/pleyor/credits/v1/alert_service_pb.ts";
import {
  type WatchBalanceResponse,
  WatchBalanceResponseSchema,
} from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { HeartbeatSchema, StreamStart } from "../../gen/pleyor/credits/v1/stream_pb.ts";
import type { Time } from "../domain/time.ts";
import type { AlertEvent } from "../stream/alert-stream.ts";
import type { BalanceEvent } from "../stream/balance-stream.ts";
import { toProtoBalance } from "./convert-account.ts";
import { toProtoAlert } from "./convert-alert.ts";
import { fromProtoDuration, toProtoTimestamp } from "./convert-time.ts";

const HEARTBEAT_MS_DEFAULT = 15_000;
const MICROS_PER_MILLI = 1_000n;

/** One event is told to many: it is converted once. */
const BALANCE_RESPONSES = new WeakMap<BalanceEvent, WatchBalanceResponse>();

export function fromProtoHeartbeatInterval(interval: Duration | undefined): number {
  if (interval === undefined) return HEARTBEAT_MS_DEFAULT;
  return Number(fromProtoDuration(interval, "heartbeat_interval") / MICROS_PER_MILLI);
}

export function toProtoBalanceEvent(event: BalanceEvent): WatchBalanceResponse {
  const known = BALANCE_RESPONSES.get(event);
  if (known) return known;
  const response = create(WatchBalanceResponseSchema, {
    event: balanceEvent(event),
    resumeToken: event.resumeToken,
  });
  BALANCE_RESPONSES.set(event, response);
  return response;
}

export function toProtoAlertEvent(event: AlertEvent): WatchAlertsResponse {
  return create(WatchAlertsResponseSchema, { event: alertEvent(event), resumeToken: event.resumeToken });
}

function balanceEvent(event: BalanceEvent) {
  switch (event.kind) {
    case "snapshot": {
      const value = { balance: toProtoBalance(event.state.account), start: StreamStart[event.start] };
      return { case: "snapshot", value } as const;
    }
    case "changed":
      return { case: "changed", value: { balance: toProtoBalance(event.state.account) } } as const;
    case "alert":
      return { case: "lowBalance", value: toProtoAlert(event.alert) } as const;
    case "heartbeat":
      return { case: "heartbeat", value: toProtoHeartbeat(event.compareTime) } as const;
  }
}

function alertEvent(event: AlertEvent) {
  switch (event.kind) {
    case "start":
      return { case: "start", value: { start: StreamStart[event.start] } } as const;
    case "alert":
      return { case: "alert", value: toProtoAlert(event.alert) } as const;
    case "heartbeat":
      return { case: "heartbeat", value: toProtoHeartbeat(event.compareTime) } as const;
  }
}

function toProtoHeartbeat(compareTime: Time) {
  return create(HeartbeatSchema, { compareTime: toProtoTimestamp(compareTime) });
}
