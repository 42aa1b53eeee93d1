import type { Command, ReserveItem } from "./command.ts";
import { NO_CONTEXT, type SpendContext } from "./spend-context.ts";
import type { Transaction } from "./transaction.ts";

/**
 * The content of a command as one text (R-REQ-2): a JSON array of strings, nulls
 * and arrays in a fixed order, with defaults filled in. Equal commands give equal
 * texts, however they came over the wire. The first element is the format's version.
 */
export function canonicalCommand(command: Command): string {
  return JSON.stringify(["command.1", command.kind, ...commandFields(command)]);
}

/**
 * The bytes that a transaction's hash covers, as text to be encoded in UTF-8
 * (R-HIST-4). Times are whole microseconds since 1970. What is left out and its
 * default give one text, so that storage need not tell them apart.
 */
export function canonicalTransaction(transaction: Transaction): string {
  const { movements, balance, context, grantAfter } = transaction;
  return JSON.stringify([
    "transaction.1",
    transaction.organizationId,
    text(transaction.version),
    transaction.kind,
    text(transaction.effectiveTime),
    text(transaction.recordTime),
    text(transaction.requestId),
    text(transaction.fingerprint),
    text(transaction.requestOrdinal),
    transaction.actor,
    text(transaction.reservationId),
    text(transaction.grantId),
    text(transaction.grantKind),
    text(transaction.amountMicros),
    text(transaction.expireTime),
    text(transaction.late ?? false),
    text(transaction.spentBecomesDebt ?? false),
    text(transaction.reference),
    contextFields(context ?? NO_CONTEXT),
    movements.map((m) => [text(m.grantId), m.from, m.to, text(m.amountMicros), text(m.debtVersion)]),
    [
      text(balance.subscriptionMicros),
      text(balance.promotionalMicros),
      text(balance.purchasedMicros),
      text(balance.reservedMicros),
      text(balance.debtMicros),
    ],
    grantAfter && [
      text(grantAfter.freeMicros),
      text(grantAfter.heldMicros),
      text(grantAfter.consumedMicros),
      text(grantAfter.expiredMicros),
      text(grantAfter.voidedMicros),
    ],
  ]);
}

function commandFields(command: Command): readonly unknown[] {
  switch (command.kind) {
    case "reserveCredits":
      return itemFields(command);
    case "batchReserveCredits":
      return command.items.map(itemFields);
    case "settleReservation":
      return [command.reservationId, text(command.amountMicros)];
    case "releaseReservation":
      return [command.reservationId];
    case "releaseRun":
      return [command.runId];
    case "extendReservation":
      return [command.reservationId, text(command.timeToLive), text(command.additionalAmountMicros)];
    case "chargeCredits":
      return [text(command.amountMicros), contextFields(command.context), text(command.allowDebt)];
    case "createGrant":
      return [command.grantKind, text(command.amountMicros), text(command.expireTime), command.reference];
    case "voidGrant":
      return [command.grantId, text(command.spentBecomesDebt), command.reason];
  }
}

function itemFields({ amountMicros, context, timeToLive }: ReserveItem): readonly unknown[] {
  return [text(amountMicros), contextFields(context), text(timeToLive)];
}

function contextFields(context: SpendContext): readonly unknown[] {
  const { runId, nodeId, agentId, workspaceId, memberId, parentRunId, modelId, labels = {} } = context;
  const ids = [runId, nodeId, agentId, workspaceId, memberId, parentRunId, modelId].map(text);
  const keys = Object.keys(labels).sort();
  return [...ids, keys.map((key) => [key, labels[key]])];
}

function text(value: bigint | number | boolean | string | undefined): string | null {
  return value === undefined ? null : String(value);
}
