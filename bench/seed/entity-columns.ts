import type { EntityProperty, EntitySchema } from "@mikro-orm/core";
import type { Orm } from "../../src/storage/orm.ts";
import type { CopyColumn } from "./copy-text.ts";

/** The columns of an entity as MikroORM knows them, so that one that is added is copied by itself. */
export function entityColumns<Row extends object>(
  orm: Orm,
  entity: EntitySchema<Row>,
): readonly CopyColumn<Row>[] {
  const platform = orm.em.getPlatform();
  const properties: readonly EntityProperty<Row>[] = orm.getMetadata().get<Row>(entity).props;
  return properties.map(({ name, fieldNames, customType }) => ({
    name: fieldNames[0] ?? name,
    text: (row) => {
      const value: unknown = row[name];
      return toText(customType ? customType.convertToDatabaseValue(value, platform) : value);
    },
  }));
}

function toText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return Buffer.isBuffer(value) ? `\\x${value.toString("hex")}` : String(value);
}
