import type { CreditService } from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import type { CreditLedger } from "../service/credit-ledger.ts";
import { applyBatch, type BatchParts } from "./batch-handler.ts";
import {
  getBalance,
  getReservation,
  getTransaction,
  listReservations,
  listTransactions,
} from "./credit-readings.ts";
import type { Handlers } from "./endpoint.ts";
import { mutate } from "./mutation.ts";
import {
  batchReserveCredits,
  chargeCredits,
  extendReservation,
  refundReservation,
  releaseReservation,
  releaseRun,
  reserveCredits,
  settleReservation,
} from "./mutations.ts";
import { watchBalanceHandler } from "./watch-handlers.ts";
import type { Watching } from "./watching.ts";

export function creditHandlers(
  ledger: CreditLedger,
  watching: Watching,
  batch: BatchParts,
): Handlers<typeof CreditService> {
  return {
    getBalance: (request) => getBalance(ledger, request),
    watchBalance: watchBalanceHandler(watching),
    reserveCredits: (request, context) => mutate(ledger, reserveCredits, request, context),
    batchReserveCredits: (request, context) => mutate(ledger, batchReserveCredits, request, context),
    settleReservation: (request, context) => mutate(ledger, settleReservation, request, context),
    releaseReservation: (request, context) => mutate(ledger, releaseReservation, request, context),
    releaseRun: (request, context) => mutate(ledger, releaseRun, request, context),
    extendReservation: (request, context) => mutate(ledger, extendReservation, request, context),
    chargeCredits: (request, context) => mutate(ledger, chargeCredits, request, context),
    refundReservation: (request, context) => mutate(ledger, refundReservation, request, context),
    getReservation: (request) => getReservation(ledger, request),
    listReservations: (request) => listReservations(ledger, request),
    listTransactions: (request) => listTransactions(ledger, request),
    getTransaction: (request) => getTransaction(ledger, request),
    applyBatch: (request, context) => applyBatch(ledger, request, context, batch),
  };
}
