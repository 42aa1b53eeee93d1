import { create } from "@bufbuild/protobuf";
import {
  type GetBalanceRequest,
  GetBalanceRequestSchema,
  type GetBalanceResponse,
  GetBalanceResponseSchema,
  type GetReservationRequest,
  GetReservationRequestSchema,
  type GetReservationResponse,
  GetReservationResponseSchema,
  type GetTransactionRequest,
  GetTransactionRequestSchema,
  type GetTransactionResponse,
  GetTransactionResponseSchema,
  type ListReservationsRequest,
  ListReservationsRequestSchema,
  type ListReservationsResponse,
  ListReservationsResponseSchema,
  type ListTransactionsRequest,
  ListTransactionsRequestSchema,
  type ListTransactionsResponse,
} from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import type { CreditLedger, TransactionFilter } from "../service/credit-ledger.ts";
import { toProtoBalance } from "./convert-account.ts";
import { fromProtoText, fromProtoUuid } from "./convert-context.ts";
import { fromProtoReservationState, fromProtoTransactionKind } from "./convert-enum.ts";
import { fromProtoPage } from "./convert-page.ts";
import { toProtoReservation } from "./convert-reservation.ts";
import { fromProtoTimestamp } from "./convert-time.ts";
import { toProtoTransaction } from "./convert-transaction.ts";
import { accepted } from "./refusal-problem.ts";

export async function getBalance(
  ledger: CreditLedger,
  request: GetBalanceRequest,
): Promise<GetBalanceResponse> {
  const readTime = request.readTime && fromProtoTimestamp(request.readTime, "read_time");
  const answer = await ledger.getBalance(request.organizationId, readTime);
  const account = accepted(answer, request, GetBalanceRequestSchema);
  return create(GetBalanceResponseSchema, { balance: toProtoBalance(account) });
}

export async function getReservation(
  ledger: CreditLedger,
  request: GetReservationRequest,
): Promise<GetReservationResponse> {
  const { organizationId } = request;
  const answer = await ledger.getReservation(organizationId, fromProtoUuid(request.reservationId));
  const reservation = accepted(answer, request, GetReservationRequestSchema);
  return create(GetReservationResponseSchema, {
    reservation: toProtoReservation(organizationId, reservation),
  });
}

export async function listReservations(
  ledger: CreditLedger,
  request: ListReservationsRequest,
): Promise<ListReservationsResponse> {
  const { organizationId } = request;
  const filter = {
    states: request.states.map(fromProtoReservationState),
    runId: fromProtoText(request.runId),
    agentId: fromProtoText(request.agentId),
  };
  const answer = await ledger.listReservations(organizationId, filter, fromProtoPage(request));
  const { items, nextPageToken } = accepted(answer, request, ListReservationsRequestSchema);
  return create(ListReservationsResponseSchema, {
    reservations: items.map((reservation) => toProtoReservation(organizationId, reservation)),
    nextPageToken,
  });
}

export async function getTransaction(
  ledger: CreditLedger,
  request: GetTransactionRequest,
): Promise<GetTransactionResponse> {
  const answer = await ledger.getTransaction(request.organizationId, request.version);
  const transaction = accepted(answer, request, GetTransactionRequestSchema);
  return create(GetTransactionResponseSchema, { transaction: toProtoTransaction(transaction) });
}

export async function listTransactions(
  ledger: CreditLedger,
  request: ListTransactionsRequest,
): Promise<ListTransactionsResponse> {
  const filter = fromProtoTransactionFilter(request);
  const answer = await ledger.listTransactions(request.organizationId, filter, fromProtoPage(request));
  const { items, nextPageToken } = accepted(answer, request, ListTransactionsRequestSchema);
  const transactions = items.map(toProtoTransaction);
  return { $typeName: "pleyor.credits.v1.ListTransactionsResponse", transactions, nextPageToken };
}

function fromProtoTransactionFilter(request: ListTransactionsRequest): TransactionFilter {
  const { startTime, endTime } = request;
  return {
    kinds: request.kinds.map(fromProtoTransactionKind),
    runId: fromProtoText(request.runId),
    agentId: fromProtoText(request.agentId),
    workspaceId: fromProtoText(request.workspaceId),
    memberId: fromProtoText(request.memberId),
    modelId: fromProtoText(request.modelId),
    startTime: startTime && fromProtoTimestamp(startTime, "start_time"),
    endTime: endTime && fromProtoTimestamp(endTime, "end_time"),
  };
}
