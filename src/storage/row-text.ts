import { p, Type } from "@mikro-orm/core";

/**
 * A column whose text a managed row keeps as PostgreSQL wrote it; it is converted once, on its way to the domain.
 * MikroORM would convert a type of our own when it reads a row, when it remembers it and when it compares it: half of
 * what an entity cost.
 */
abstract class ColumnText extends Type<string, string> {
  override compareAsType(): string {
    return "string";
  }

  override get runtimeType(): string {
    return "string";
  }
}

class WholeNumber extends ColumnText {
  override getColumnType(): string {
    return "bigint";
  }
}

class Moment extends ColumnText {
  override getColumnType(): string {
    return "timestamptz";
  }
}

/** A whole number of 64 bits, in decimals: never a floating-point number (R-AMT-1). */
export const wholeNumber = () => p.type(WholeNumber).$type<string>();

/** A moment to the microsecond, as in `toRowTime`. */
export const moment = () => p.type(Moment).$type<string>();

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
