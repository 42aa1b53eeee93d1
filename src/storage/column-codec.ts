import { Type } from "@mikro-orm/core";
import type { Time } from "../domain/time.ts";
import { fromRowTime, toRowTime } from "./timestamp.ts";

/** A whole number of 64 bits: a bigint, never a floating-point number (R-AMT-1). */
export class WholeNumber extends Type<bigint, string> {
  override convertToDatabaseValue(value: bigint): string {
    return String(value);
  }

  override convertToJSValue(value: string): bigint {
    return BigInt(value);
  }

  override getColumnType(): string {
    return "bigint";
  }

  override compareAsType(): string {
    return "string";
  }

  override get runtimeType(): string {
    return "bigint";
  }
}

/** A moment to the microsecond; null means never. */
export class Moment extends Type<Time | null, string | null> {
  override convertToDatabaseValue(value: Time | null): string | null {
    return value === null ? null : toRowTime(value);
  }

  override convertToJSValue(value: string | null): Time | null {
    return value === null ? null : fromRowTime(value);
  }

  override getColumnType(): string {
    return "timestamptz";
  }

  override compareAsType(): string {
    return "string";
  }

  override get runtimeType(): string {
    return "bigint";
  }
}

/** Bytes, in hex. */
export class HexBytes extends Type<string, Buffer> {
  override convertToDatabaseValue(value: string): Buffer {
    return Buffer.from(value, "hex");
  }

  override convertToJSValue(value: Buffer): string {
    return value.toString("hex");
  }

  override getColumnType(): string {
    return "bytea";
  }

  override compareAsType(): string {
    return "buffer";
  }

  override get runtimeType(): string {
    return "string";
  }
}
