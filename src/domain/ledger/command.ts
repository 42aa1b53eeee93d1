import { AMOUNT_MICROS_MAX } from "../amount.ts";
import { invariant } from "../invariant.ts";
import type { Span, Time } from "../time.ts";
import type { GrantKind } from "./grant.ts";
import { TIME_TO_LIVE_MAX, TIME_TO_LIVE_MIN } from "./reservation.ts";
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

/** Throws where a command is out of range: the front doors refuse that with a typed error, here it is a fault. */
export function assertCommand(command: Command): void {
  const parts = command.kind === "batchReserveCredits" ? command.items : [command];
  invariant(parts.length > 0, "R-HOLD-10: a batch of nothing");
  for (const part of parts) {
    if ("amountMicros" in part) assertAmount(part.amountMicros, command.kind === "createGrant" ? 1n : 0n);
    if ("additionalAmountMicros" in part) assertAmount(part.additionalAmountMicros ?? 0n, 0n);
    if ("timeToLive" in part) assertTimeToLive(part.timeToLive ?? TIME_TO_LIVE_MIN);
  }
  if (command.kind === "createGrant") assertGrantRequest(command);
}

function assertGrantRequest({ grantKind, expireTime, reference }: CreateGrant): void {
  invariant(
    grantKind !== "PURCHASED" || expireTime === undefined,
    "R-GRANT-1: purchased credits that expire",
  );
  invariant(grantKind !== "SUBSCRIPTION" || expireTime !== undefined, "R-GRANT-1: a cycle without an end");
  invariant(reference !== "", "R-GRANT-4: a grant without a reference");
}

function assertAmount(amountMicros: bigint, least: bigint): void {
  const inRange = amountMicros >= least && amountMicros <= AMOUNT_MICROS_MAX;
  invariant(inRange, `R-AMT-3: an amount of ${amountMicros} micros`);
}

function assertTimeToLive(timeToLive: Span): void {
  const inRange = timeToLive >= TIME_TO_LIVE_MIN && timeToLive <= TIME_TO_LIVE_MAX;
  invariant(inRange, `R-HOLD-7: a hold of ${timeToLive} microseconds`);
}
