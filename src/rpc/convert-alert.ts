import { create } from "@bufbuild/protobuf";
import {
  AlertSchema,
  AlertThresholdSchema,
  type Alert as ProtoAlert,
  AlertKind as ProtoAlertKind,
  type AlertThreshold as ProtoAlertThreshold,
} from "../../gen/pleyor/credits/v1/alert_pb.ts";
import {
  AlertThresholdStateSchema,
  type AlertThresholdState as ProtoThresholdState,
  type SetAlertThresholdsRequest,
} from "../../gen/pleyor/credits/v1/alert_service_pb.ts";
import type { Alert } from "../domain/alerts/alert.ts";
import type { Level, Threshold } from "../domain/alerts/threshold.ts";
import type { SetAlertThresholds } from "../domain/ledger/command.ts";
import type { ThresholdReading } from "../service/alert-book.ts";
import { toProtoTimestamp } from "./convert-time.ts";

const NO_MARGIN: Level = { amountMicros: 0n };

export function fromProtoSetAlertThresholds({ thresholds }: SetAlertThresholdsRequest): SetAlertThresholds {
  return { kind: "setAlertThresholds", thresholds: thresholds.map(fromProtoThreshold) };
}

export function toProtoThreshold({ name, level, rearmMargin }: Threshold): ProtoAlertThreshold {
  return create(AlertThresholdSchema, {
    name,
    level:
      "amountMicros" in level
        ? { case: "amountMicros", value: level.amountMicros }
        : { case: "shareBasisPoints", value: Number(level.basisPoints) },
    rearmMargin:
      "amountMicros" in rearmMargin
        ? { case: "rearmMarginMicros", value: rearmMargin.amountMicros }
        : { case: "rearmMarginBasisPoints", value: Number(rearmMargin.basisPoints) },
  });
}

export function toProtoThresholdState(reading: ThresholdReading): ProtoThresholdState {
  const { crossed, levelMicros } = reading;
  const threshold = toProtoThreshold(reading);
  const state = create(AlertThresholdStateSchema, { threshold, crossed });
  if (levelMicros !== undefined) state.levelMicros = levelMicros;
  return state;
}

export function toProtoAlert(alert: Alert): ProtoAlert {
  const { organizationId, alertNumber, levelMicros, remainingMicros, version } = alert;
  return create(AlertSchema, {
    organizationId,
    alertNumber,
    kind: ProtoAlertKind[alert.kind],
    threshold: toProtoThreshold(alert.threshold),
    levelMicros,
    remainingMicros,
    version,
    effectiveTime: toProtoTimestamp(alert.effectiveTime),
    recordTime: toProtoTimestamp(alert.recordTime),
  });
}

function fromProtoThreshold({ name, level, rearmMargin }: ProtoAlertThreshold): Threshold {
  return { name, level: fromProtoLevel(level), rearmMargin: fromProtoMargin(rearmMargin) };
}

function fromProtoLevel(level: ProtoAlertThreshold["level"]): Level {
  switch (level.case) {
    case "amountMicros":
      return { amountMicros: level.value };
    case "shareBasisPoints":
      return { basisPoints: BigInt(level.value) };
    case undefined:
      // The oneof's rule lets no absent level pass.
      throw new Error("a threshold without a level passed validation");
  }
}

function fromProtoMargin(margin: ProtoAlertThreshold["rearmMargin"]): Level {
  switch (margin.case) {
    case "rearmMarginMicros":
      return { amountMicros: margin.value };
    case "rearmMarginBasisPoints":
      return { basisPoints: BigInt(margin.value) };
    case undefined:
      return NO_MARGIN;
  }
}
