import type { Span, Time } from "../time.ts";
import type { GrantKind } from "./grant.ts";
import type { SpendContext } from "./spend-context.ts";

export type ReserveItem = Readonly<{ amountMicros: bigint; context: SpendContext; timeToLive: Span }>;

export type ReserveCredits = ReserveItem & Readonly<{ kind: "reserveCredits" }>;
export type BatchReserveCredits = Readonly<{ kind: "batchReserveCredits"; items: readonly ReserveItem[] }>;
export type SettleReservation = Readonly<{
  kind: "settleReservation";
  reservationId: string;
  amountMicros: bigint;
}>;
export type ReleaseReservation = Readonly<{ kind: "releaseReservation"; reservationId: string }>;
export type ReleaseRun = Readonly<{ kind: "releaseRun"; runId: string }>;
export type ExtendReservation = Readonly<{
  kind: "extendReservation";
  reservationId: string;
  timeToLive: Span | undefined;
  additionalAmountMicros: bigint | undefined;
}>;
export type ChargeCredits = Readonly<{
  kind: "chargeCredits";
  amountMicros: bigint;
  context: SpendContext;
  allowDebt: boolean;
}>;
export type CreateGrant = Readonly<{
  kind: "createGrant";
  grantKind: GrantKind;
  amountMicros: bigint;
  expireTime: Time | undefined;
  reference: string;
}>;
export type VoidGrant = Readonly<{
  kind: "voidGrant";
  grantId: string;
  spentBecomesDebt: boolean;
  reason: string;
}>;

export type Command =
  | ReserveCredits
  | BatchReserveCredits
  | SettleReservation
  | ReleaseReservation
  | ReleaseRun
  | ExtendReservation
  | ChargeCredits
  | CreateGrant
  | VoidGrant;

/** A command as somebody asked for it. */
export type Request<C extends Command = Command> = Readonly<{
  organizationId: string;
  requestId: string;
  /** SHA-256 of `canonicalCommand(command)`, in hex. */
  fingerprint: string;
  actor: string;
  command: C;
}>;
