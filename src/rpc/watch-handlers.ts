import type { DescMessage, Message } from "@bufbuild/protobuf";
import {
  type WatchAlertsRequest,
  WatchAlertsRequestSchema,
  type WatchAlertsResponse,
} from "../../gen/pleyor/credits/v1/alert_service_pb.ts";
import {
  type WatchBalanceRequest,
  WatchBalanceRequestSchema,
  type WatchBalanceResponse,
} from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { alertEvents } from "../stream/alert-stream.ts";
import { balanceEvents } from "../stream/balance-stream.ts";
import type { CallContext } from "./call.ts";
import { fromProtoHeartbeatInterval, toProtoAlertEvent, toProtoBalanceEvent } from "./convert-stream.ts";
import { onlyOf } from "./only-request.ts";
import { streamError } from "./stream-problem.ts";
import type { Watching } from "./watching.ts";

export function watchBalance(
  watching: Watching,
  requests: AsyncIterable<WatchBalanceRequest>,
  context: CallContext,
): AsyncGenerator<WatchBalanceResponse> {
  return watch(watching, requests, context, {
    request: WatchBalanceRequestSchema,
    events: ({ organizationId, resumeToken, heartbeatInterval }: WatchBalanceRequest) => {
      const heartbeatMs = fromProtoHeartbeatInterval(heartbeatInterval);
      return balanceEvents(watching.hub, { organizationId, resumeToken, heartbeatMs }, context.signal);
    },
    toProto: toProtoBalanceEvent,
  });
}

export function watchAlerts(
  watching: Watching,
  requests: AsyncIterable<WatchAlertsRequest>,
  context: CallContext,
): AsyncGenerator<WatchAlertsResponse> {
  return watch(watching, requests, context, {
    request: WatchAlertsRequestSchema,
    events: ({ organizationId, resumeToken, fromOldest, heartbeatInterval }: WatchAlertsRequest) => {
      const heartbeatMs = fromProtoHeartbeatInterval(heartbeatInterval);
      const asked = { organizationId, resumeToken, fromOldest, heartbeatMs };
      return alertEvents(watching.hub, asked, context.signal);
    },
    toProto: toProtoAlertEvent,
  });
}

type Watch<Request, Event, Response> = Readonly<{
  request: DescMessage;
  events: (request: Request) => AsyncIterable<Event>;
  toProto: (event: Event) => Response;
}>;

/** Counts the stream, converts its events, and tells why it ends. */
async function* watch<Request extends Message & { organizationId: string }, Event, Response>(
  { streams }: Watching,
  requests: AsyncIterable<Request>,
  { connection, signal }: CallContext,
  { request: schema, events, toProto }: Watch<Request, Event, Response>,
): AsyncGenerator<Response> {
  const request = await onlyOf(requests);
  let leave: (() => void) | undefined;
  try {
    leave = streams.enter(connection, signal);
    for await (const event of events(request)) yield toProto(event);
  } catch (error) {
    throw streamError(error, request.organizationId, schema);
  } finally {
    leave?.();
  }
}
