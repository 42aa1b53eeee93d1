import type { EntityProperty } from "@mikro-orm/core";
import { PostgreSqlDriver } from "@mikro-orm/postgresql";
import type { Kysely } from "kysely";
import type { Scalar } from "./array-bytes.ts";
import { bulkUpdate, type UpdatedColumn } from "./bulk.ts";
import { sendWrites } from "./pipeline.ts";
import { fromRowTime } from "./timestamp.ts";

type Values = Readonly<Record<string, unknown>>;
type Change = Readonly<{ key: Values; payload: Values }>;
type Update = PostgreSqlDriver["nativeUpdate"];
type UpdateMany = PostgreSqlDriver["nativeUpdateMany"];

/**
 * Writes what a unit of work has changed by one multi-row statement with parameters. MikroORM writes `case when` for
 * each value of each row, as text, which PostgreSQL has to read: the more organizations a batch has, the more of it.
 * In a pipeline, a flush is done when it is sent.
 */
export class LedgerDriver extends PostgreSqlDriver {
  override nativeUpdateMany: UpdateMany = async (entityName, where, data, options = {}) => {
    const changes = where.map((key, index) => ({
      key: key as Values,
      payload: (data[index] ?? {}) as Values,
    }));
    const { tableName, properties, primaryKeys } = this.metadata.get(entityName);
    const all = properties as Readonly<Record<string, EntityProperty>>;
    const columnOf = (name: string, side: keyof Change) => toColumn(all[name], name, side, changes);
    // In one order, whichever row changed what first: each text is prepared by itself.
    const changed = [...new Set(changes.flatMap(({ payload }) => Object.keys(payload)))].sort();
    const keys = primaryKeys.map((name) => columnOf(name, "key"));
    const columns = changed.map((name) => columnOf(name, "payload"));
    const database = options.ctx as Kysely<unknown>;
    await sendWrites(database, [bulkUpdate(tableName, keys, columns, changes)]);
    return { affectedRows: changes.length, insertId: undefined as never };
  };

  override nativeUpdate: Update = (entityName, where, data, options = {}) => {
    return this.nativeUpdateMany(entityName, [where as never], [data], options);
  };
}

/** Values are what the database takes already, but for bytes and times. */
function toColumn(
  property: EntityProperty | undefined,
  name: string,
  side: keyof Change,
  changes: readonly Change[],
): UpdatedColumn<Change> {
  const [column, type] = [property?.fieldNames[0], property?.columnTypes[0]];
  if (column === undefined || type === undefined) throw new Error(`no column for ${name}`);
  const value = (change: Change): Scalar => toScalar(change[side][name] ?? null, type);
  const base = { name: column, array: arrayOf(type), value };
  const isPartial = changes.some((change) => !(name in change[side]));
  return isPartial ? { ...base, isSet: (change) => name in change[side] } : base;
}

function toScalar(value: unknown, type: string): Scalar {
  if (Buffer.isBuffer(value)) return value.toString("hex");
  return type === "timestamptz" && value !== null ? fromRowTime(String(value)) : (value as Scalar);
}

const ARRAYS = ["text", "uuid", "bigint", "boolean", "timestamptz", "bytea"] as const;

function arrayOf(type: string): (typeof ARRAYS)[number] {
  const array = ARRAYS.find((known) => known === type);
  if (array === undefined) throw new Error(`no arrays of ${type}`);
  return array;
}
