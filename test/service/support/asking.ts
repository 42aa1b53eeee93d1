import { randomUUID } from "node:crypto";
import type { Command, ReserveItem } from "../../../src/domain/ledger/command.ts";
import type { GrantKind } from "../../../src/domain/ledger/grant.ts";
import type { Refusal } from "../../../src/domain/ledger/refusal.ts";
import type { SpendContext } from "../../../src/domain/ledger/spend-context.ts";
import { MINUTE, type Span, type Time } from "../../../src/domain/time.ts";
import type { CreditLedger, TransactionFilter } from "../../../src/service/credit-ledger.ts";
import type { Answer, Receipt } from "../../../src/service/receipt.ts";

/** Calls of one ledger, each under a request id of its own unless one is given. */
export type Asking = Readonly<{ organizationId: string; requestId?: string; signal?: AbortSignal }>;

/** Whatever there is. */
export const ANY_TRANSACTION: TransactionFilter = {
  kinds: [],
  runId: undefined,
  agentId: undefined,
  workspaceId: undefined,
  memberId: undefined,
  modelId: undefined,
  startTime: undefined,
  endTime: undefined,
};

const NEVER = new AbortController().signal;

export function answerTo(ledger: CreditLedger, asking: Asking, command: Command): Promise<Answer<Receipt>> {
  const { organizationId, requestId = randomUUID(), signal = NEVER } = asking;
  return ledger.apply({ organizationId, requestId, actor: "tester", command }, signal);
}

/** The receipt of a request that must be accepted. */
export async function accepted(ledger: CreditLedger, asking: Asking, command: Command): Promise<Receipt> {
  return valueIn(await answerTo(ledger, asking, command));
}

/** The refusal of a request that must be refused. */
export async function refused(ledger: CreditLedger, asking: Asking, command: Command): Promise<Refusal> {
  const answer = await answerTo(ledger, asking, command);
  if ("refusal" in answer) return answer.refusal;
  throw new Error(`${command.kind} was accepted`);
}

export function valueIn<T, R extends { reason: string }>(answer: Answer<T, R>): T {
  if ("value" in answer) return answer.value;
  throw new Error(`refused: ${answer.refusal.reason}`);
}

export function grantOf(
  amountMicros: bigint,
  more: { grantKind?: GrantKind; expireTime?: Time; reference?: string } = {},
): Command {
  const { grantKind = "PROMOTIONAL", expireTime, reference = `test:${randomUUID()}` } = more;
  return { kind: "createGrant", grantKind, amountMicros, expireTime, reference };
}

export function reserveOf(
  amountMicros: bigint,
  more: { context?: SpendContext; timeToLive?: Span } = {},
): Command {
  return { kind: "reserveCredits", ...itemOf(amountMicros, more) };
}

export function itemOf(
  amountMicros: bigint,
  more: { context?: SpendContext; timeToLive?: Span } = {},
): ReserveItem {
  const { context = {}, timeToLive = 15n * MINUTE } = more;
  return { amountMicros, context, timeToLive };
}

export function settleOf(reservationId: string, amountMicros: bigint): Command {
  return { kind: "settleReservation", reservationId, amountMicros };
}

export function releaseOf(reservationId: string): Command {
  return { kind: "releaseReservation", reservationId };
}

export function chargeOf(
  amountMicros: bigint,
  more: { context?: SpendContext; allowDebt?: boolean } = {},
): Command {
  const { context = {}, allowDebt = false } = more;
  return { kind: "chargeCredits", amountMicros, context, allowDebt };
}

export function reservationIdOf(receipt: Receipt): string {
  const [reservation] = receipt.reservations;
  if (!reservation) throw new Error("a receipt without a reservation");
  return reservation.reservationId;
}

export function grantIdOf(receipt: Receipt): string {
  if (!receipt.grant) throw new Error("a receipt without a grant");
  return receipt.grant.grantId;
}

/** Reserves, and gives the reservation's id. */
export async function reserved(
  ledger: CreditLedger,
  asking: Asking,
  amountMicros: bigint,
  more: { context?: SpendContext; timeToLive?: Span } = {},
): Promise<string> {
  return reservationIdOf(await accepted(ledger, asking, reserveOf(amountMicros, more)));
}
