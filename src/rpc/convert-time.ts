import { create, toJson } from "@bufbuild/protobuf";
import { type Duration, DurationSchema, type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { type Span, TIME_MAX, TIME_MIN, type Time } from "../domain/time.ts";
import { InvalidFieldError } from "./invalid-field.ts";

const MICROS_PER_SECOND = 1_000_000n;
const NANOS_PER_MICRO = 1_000;
const NANOS_MAX = 999_999_999;

const SECONDS_MIN = TIME_MIN / MICROS_PER_SECOND;
const SECONDS_MAX = TIME_MAX / MICROS_PER_SECOND;

/**
 * A moment in whole microseconds; what is finer is cut off, toward the past. A
 * microsecond is what PostgreSQL keeps, and nobody is charged by less.
 */
export function fromProtoTimestamp({ seconds, nanos }: Timestamp, field: string): Time {
  const valid = seconds >= SECONDS_MIN && seconds <= SECONDS_MAX && nanos >= 0 && nanos <= NANOS_MAX;
  if (!valid) {
    throw new InvalidFieldError(field, "must be a valid timestamp, from year 1 to year 9999");
  }
  return seconds * MICROS_PER_SECOND + BigInt(Math.floor(nanos / NANOS_PER_MICRO));
}

/** Spelled out: an answer has up to nine of them, which `create` took half of its conversion for. */
export function toProtoTimestamp(time: Time): Timestamp {
  const micros = ((time % MICROS_PER_SECOND) + MICROS_PER_SECOND) % MICROS_PER_SECOND;
  const [seconds, nanos] = [(time - micros) / MICROS_PER_SECOND, Number(micros) * NANOS_PER_MICRO];
  return { $typeName: "google.protobuf.Timestamp", seconds, nanos };
}

/** A span in whole microseconds; what is finer is cut off. Its limits are rules of the field. */
export function fromProtoDuration({ seconds, nanos }: Duration, field: string): Span {
  if (Math.abs(nanos) > NANOS_MAX) {
    throw new InvalidFieldError(field, "must be a valid duration: less than a second in nanos");
  }
  return seconds * MICROS_PER_SECOND + BigInt(Math.trunc(nanos / NANOS_PER_MICRO));
}

export function toProtoDuration(milliseconds: number): Duration {
  const whole = Math.max(0, Math.ceil(milliseconds));
  return create(DurationSchema, {
    seconds: BigInt(Math.floor(whole / 1_000)),
    nanos: (whole % 1_000) * 1_000_000,
  });
}

/** As in JSON: `2026-11-08T10:00:00Z`. */
export function toText(time: Time): string {
  return toJson(TimestampSchema, toProtoTimestamp(time));
}
