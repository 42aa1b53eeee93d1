import { create } from "@bufbuild/protobuf";
import {
  type AlertService,
  type GetAlertThresholdsRequest,
  GetAlertThresholdsRequestSchema,
  type GetAlertThresholdsResponse,
  GetAlertThresholdsResponseSchema,
  type ListAlertsRequest,
  ListAlertsRequestSchema,
  type ListAlertsResponse,
  ListAlertsResponseSchema,
  type SetAlertThresholdsRequest,
  SetAlertThresholdsRequestSchema,
  type SetAlertThresholdsResponse,
  SetAlertThresholdsResponseSchema,
} from "../../gen/pleyor/credits/v1/alert_service_pb.ts";
import { thresholdsFromText } from "../domain/alerts/threshold.ts";
import type { AlertBook } from "../service/alert-book.ts";
import type { CreditLedger } from "../service/credit-ledger.ts";
import type { Receipt } from "../service/receipt.ts";
import type { CallContext } from "./call.ts";
import { toProtoBalance } from "./convert-account.ts";
import {
  fromProtoSetAlertThresholds,
  toProtoAlert,
  toProtoThreshold,
  toProtoThresholdState,
} from "./convert-alert.ts";
import { fromProtoPage } from "./convert-page.ts";
import type { Handlers } from "./endpoint.ts";
import { mutate, mutation } from "./mutation.ts";
import { accepted } from "./refusal-problem.ts";
import { watchAlertsHandler } from "./watch-handlers.ts";
import type { Watching } from "./watching.ts";

export function alertHandlers(ledger: CreditLedger, watching: Watching): Handlers<typeof AlertService> {
  const { alerts } = watching;
  return {
    setAlertThresholds: (request, context) => setAlertThresholds(ledger, alerts, request, context),
    getAlertThresholds: (request) => getAlertThresholds(alerts, request),
    listAlerts: (request) => listAlerts(alerts, request),
    watchAlerts: watchAlertsHandler(watching),
  };
}

const thresholds = mutation(
  SetAlertThresholdsRequestSchema,
  fromProtoSetAlertThresholds,
  toProtoSetAlertThresholdsResponse,
);

async function setAlertThresholds(
  ledger: CreditLedger,
  alerts: AlertBook,
  request: SetAlertThresholdsRequest,
  context: CallContext,
): Promise<SetAlertThresholdsResponse> {
  const response = await mutate(ledger, thresholds, request, context);
  const current = await alerts.getThresholds(request.organizationId);
  const readings = accepted(current, request, SetAlertThresholdsRequestSchema);
  response.currentThresholds = readings.map(toProtoThresholdState);
  return response;
}

async function getAlertThresholds(
  alerts: AlertBook,
  request: GetAlertThresholdsRequest,
): Promise<GetAlertThresholdsResponse> {
  const answer = await alerts.getThresholds(request.organizationId);
  const readings = accepted(answer, request, GetAlertThresholdsRequestSchema);
  return create(GetAlertThresholdsResponseSchema, { thresholds: readings.map(toProtoThresholdState) });
}

async function listAlerts(alerts: AlertBook, request: ListAlertsRequest): Promise<ListAlertsResponse> {
  const answer = await alerts.listAlerts(request.organizationId, fromProtoPage(request));
  const { items, nextPageToken } = accepted(answer, request, ListAlertsRequestSchema);
  return create(ListAlertsResponseSchema, { alerts: items.map(toProtoAlert), nextPageToken });
}

function toProtoSetAlertThresholdsResponse(receipt: Receipt): SetAlertThresholdsResponse {
  const { account, replayed, current, transactions } = receipt;
  const set = thresholdsFromText(transactions[0]?.reference ?? "[]");
  const response = create(SetAlertThresholdsResponseSchema, {
    thresholds: set.map(toProtoThreshold),
    balance: toProtoBalance(account),
    replayed,
  });
  if (current) response.currentBalance = toProtoBalance(current.account);
  return response;
}
