import type { DescMessage, Message } from "@bufbuild/protobuf";
import { type AlertService, WatchAlertsRequestSchema } from "../../gen/pleyor/credits/v1/alert_service_pb.ts";
import {
  type CreditService,
  WatchBalanceRequestSchema,
} from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { type AlertEvent, watchAlerts } from "../stream/alert-stream.ts";
import { type BalanceEvent, watchBalance } from "../stream/balance-stream.ts";
import type { CallContext } from "./call.ts";
import { fromProtoHeartbeatInterval, toProtoAlertEvent, toProtoBalanceEvent } from "./convert-stream.ts";
import type { StreamHandler } from "./endpoint.ts";
import { onlyOf } from "./only-request.ts";
import { streamError } from "./stream-problem.ts";
import type { Watching } from "./watching.ts";

export function balanceHandler(watching: Watching): StreamHandler<typeof CreditService.method.watchBalance> {
  return (requests, context, send) =>
    watch(watching, requests, context, WatchBalanceRequestSchema, (request) => {
      const { organizationId, resumeToken, heartbeatInterval } = request;
      const heartbeatMs = fromProtoHeartbeatInterval(heartbeatInterval);
      const asked = { organizationId, resumeToken, heartbeatMs };
      const tell = (event: BalanceEvent) => send(toProtoBalanceEvent(event));
      return watchBalance(watching.hub, asked, context.signal, tell);
    });
}

export function alertHandler(watching: Watching): StreamHandler<typeof AlertService.method.watchAlerts> {
  return (requests, context, send) =>
    watch(watching, requests, context, WatchAlertsRequestSchema, (request) => {
      const { organizationId, resumeToken, fromOldest, heartbeatInterval } = request;
      const heartbeatMs = fromProtoHeartbeatInterval(heartbeatInterval);
      const asked = { organizationId, resumeToken, fromOldest, heartbeatMs };
      const tell = (event: AlertEvent) => send(toProtoAlertEvent(event));
      return watchAlerts(watching.hub, asked, context.signal, tell);
    });
}

/** Counts the stream, and tells why it ends. */
async function watch<Request extends Message & { organizationId: string }>(
  { streams }: Watching,
  requests: AsyncIterable<Request>,
  { connection, signal }: CallContext,
  schema: DescMessage,
  begin: (request: Request) => Promise<never>,
): Promise<never> {
  const request = await onlyOf(requests);
  let leave: (() => void) | undefined;
  try {
    leave = streams.enter(connection, signal);
    return await begin(request);
  } catch (error) {
    throw streamError(error, request.organizationId, schema);
  } finally {
    leave?.();
  }
}
