import type { DescMessage } from "@bufbuild/protobuf";
import { type AlertService, WatchAlertsRequestSchema } from "../../gen/pleyor/credits/v1/alert_service_pb.ts";
import {
  type CreditService,
  WatchBalanceRequestSchema,
} from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { type AlertEvent, watchAlerts } from "../stream/alert-stream.ts";
import { type BalanceEvent, watchBalance } from "../stream/balance-stream.ts";
import type { CallContext } from "./call.ts";
import { fromProtoHeartbeatInterval, toProtoAlertEvent, toProtoBalanceEvent } from "./convert-stream.ts";
import type { ServerStreamHandler } from "./endpoint.ts";
import { streamError } from "./stream-problem.ts";
import type { Watching } from "./watching.ts";

type WatchBalanceHandler = ServerStreamHandler<typeof CreditService.method.watchBalance>;
type WatchAlertsHandler = ServerStreamHandler<typeof AlertService.method.watchAlerts>;

export function watchBalanceHandler(watching: Watching): WatchBalanceHandler {
  return (request, context, send) => {
    const { organizationId, resumeToken, heartbeatInterval } = request;
    return watch(watching, WatchBalanceRequestSchema, organizationId, context, () => {
      const heartbeatMs = fromProtoHeartbeatInterval(heartbeatInterval);
      const asked = { organizationId, resumeToken, heartbeatMs };
      const tell = (event: BalanceEvent) => send(toProtoBalanceEvent(event));
      return watchBalance(watching.hub, asked, context.signal, tell);
    });
  };
}

export function watchAlertsHandler(watching: Watching): WatchAlertsHandler {
  return (request, context, send) => {
    const { organizationId, resumeToken, fromOldest, heartbeatInterval } = request;
    return watch(watching, WatchAlertsRequestSchema, organizationId, context, () => {
      const heartbeatMs = fromProtoHeartbeatInterval(heartbeatInterval);
      const asked = { organizationId, resumeToken, fromOldest, heartbeatMs };
      const tell = (event: AlertEvent) => send(toProtoAlertEvent(event));
      return watchAlerts(watching.hub, asked, context.signal, tell);
    });
  };
}

/** Counts the stream, and tells why it ends. */
async function watch(
  { streams }: Watching,
  schema: DescMessage,
  organizationId: string,
  { connection, signal }: CallContext,
  begin: () => Promise<never>,
): Promise<never> {
  let leave: (() => void) | undefined;
  try {
    leave = streams.enter(connection, signal);
    return await begin();
  } catch (error) {
    throw streamError(error, organizationId, schema);
  } finally {
    leave?.();
  }
}
