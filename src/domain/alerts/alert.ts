import type { Time } from "../time.ts";
import type { Threshold } from "./threshold.ts";

/** LOW: a threshold was crossed downwards. RECOVERED: it is armed again. */
export type AlertKind = "LOW" | "RECOVERED";

/** That a threshold was crossed, or that the credits are back (R-WATCH-2). */
export type Alert = Readonly<{
  organizationId: string;
  /** Its place among the organization's alerts: gap-free from 1, in the order of their changes. */
  alertNumber: bigint;
  kind: AlertKind;
  threshold: Threshold;
  /** The threshold's level at that time. */
  levelMicros: bigint;
  /** Available and reserved together. */
  remainingMicros: bigint;
  /** The change that led to it, and when that took effect and was recorded. */
  version: bigint;
  effectiveTime: Time;
  recordTime: Time;
}>;

/** An alert in its place among those of all organizations. */
export type SequencedAlert = Readonly<{ alert: Alert; sequence: bigint }>;
