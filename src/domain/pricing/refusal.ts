import type { Time } from "../time.ts";
import type { RateCardFault } from "./model.ts";

export type SettingFault = Readonly<{ setting: string; problem: string }>;
export type MeasureFault = Readonly<{ measure: string; problem: string }>;

/** Why a call can't be priced, in order of precedence. All faults are named (R-PRICE-2, R-PRICE-6). */
export type PriceRefusal =
  | Readonly<{ reason: "SETTINGS_INVALID"; modelId: string; faults: readonly SettingFault[] }>
  | Readonly<{ reason: "USAGE_INVALID"; modelId: string; faults: readonly MeasureFault[] }>;

/** Why no model was found to price by, in order of precedence. */
export type RateCardRefusal =
  | Readonly<{ reason: "RATE_CARD_NOT_FOUND"; version: bigint | undefined }>
  | Readonly<{
      reason: "RATE_CARD_STALE";
      version: bigint;
      currentVersion: bigint;
      /** When it was superseded; undefined where it is not in effect yet. */
      supersedeTime: Time | undefined;
    }>
  | Readonly<{ reason: "MODEL_NOT_FOUND"; modelId: string; version: bigint }>;

/** All that is wrong with a rate card, up to a thousand faults (R-PRICE-5). */
export type RateCardInvalid = Readonly<{ reason: "RATE_CARD_INVALID"; faults: readonly RateCardFault[] }>;

/** Why a rate card is not published, in order of precedence. */
export type PublishRefusal =
  | RateCardInvalid
  | Readonly<{ reason: "EFFECTIVE_TIME_PASSED"; effectiveTime: Time; now: Time }>;

/** Why the cost of a call can't be computed; of several calls, which one, from 0. */
export type CostRefusal = (RateCardRefusal | PriceRefusal) &
  Readonly<{ itemIndex?: number; nodeId?: string }>;
