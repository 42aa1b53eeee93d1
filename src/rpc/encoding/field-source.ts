import { create, type DescField, type DescMessage, ScalarType, toBinary } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { Edition, FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";

/** Gives the name by which a writer's source may call what isn't source: another kind's writer, the library. */
export type FieldParts = Readonly<{
  writer: (message: DescMessage) => string;
  library: (write: (value: unknown) => Uint8Array) => string;
}>;

/** A function of `wire-values.ts`, and whether a `value` is not the zero that is left out. */
type ScalarSource = Readonly<{ write: string; isSet: string; wireType: WireType }>;

/** The scalars that answers have; the others are written by the library. */
const SCALARS: Partial<Record<ScalarType, ScalarSource>> = {
  [ScalarType.BOOL]: { write: "writeBool", isSet: "value !== false", wireType: WireType.Varint },
  [ScalarType.INT32]: { write: "writeInt32", isSet: "value !== 0", wireType: WireType.Varint },
  [ScalarType.INT64]: { write: "writeInt64", isSet: "value !== 0n", wireType: WireType.Varint },
  [ScalarType.STRING]: { write: "writeText", isSet: 'value !== ""', wireType: WireType.LengthDelimited },
  [ScalarType.BYTES]: {
    write: "writeBytes",
    isSet: "!(value instanceof Uint8Array) || value.length > 0",
    wireType: WireType.LengthDelimited,
  },
};

/**
 * JavaScript that writes one field of `message`, if it is set, before `at` of `bytes`, and moves `at`. What is rare in
 * answers (maps, JSON, packed lists) the library writes.
 */
export function fieldSource(field: DescField, parts: FieldParts): string {
  const name = JSON.stringify(field.localName);
  if (field.oneof) {
    const oneof = `message[${JSON.stringify(field.oneof.localName)}]`;
    return `if (${oneof}.case === ${name}) { const { value } = ${oneof}; ${valueSource(field, parts)} }`;
  }
  return `{ const value = message[${name}]; if (${isSetSource(field)}) { ${valueSource(field, parts)} } }`;
}

function isSetSource(field: DescField): string {
  if (field.fieldKind === "map") return "Object.keys(value).length > 0";
  if (field.fieldKind === "list") return "value.length > 0";
  if (field.presence !== FeatureSet_FieldPresence.IMPLICIT) return "value !== undefined";
  // Of the others the library knows which zero it leaves out.
  return scalarOf(field)?.isSet ?? "true";
}

/** An enum is a number. */
function scalarOf({ scalar = ScalarType.INT32 }: DescField): ScalarSource | undefined {
  return SCALARS[scalar];
}

function valueSource(field: DescField, parts: FieldParts): string {
  const write = writeSource(field, field.fieldKind === "list" ? "value[i]" : "value", parts);
  if (write === undefined) return `at = writeRaw(bytes, at, ${parts.library(byLibrary(field))}(value));`;
  return field.fieldKind === "list" ? `for (let i = value.length - 1; i >= 0; i--) { ${write} }` : write;
}

/** Of one value, with its tag; undefined where that is left to the library. */
function writeSource(field: DescField, value: string, parts: FieldParts): string | undefined {
  if (field.fieldKind === "map") return undefined;
  if (field.message) {
    return isPlain(field.message) ? messageSource(field, value, parts.writer(field.message)) : undefined;
  }
  const { write, wireType } = scalarOf(field) ?? {};
  const isPacked = field.fieldKind === "list" && wireType !== WireType.LengthDelimited;
  if (write === undefined || wireType === undefined || isPacked) return undefined;
  return `at = ${write}(bytes, at, ${value}); ${tagSource(field, wireType)}`;
}

function messageSource(field: DescField, value: string, writer: string): string {
  const tag = tagSource(field, WireType.LengthDelimited);
  return `const end = at; at = ${writer}.write(bytes, at, ${value}); at = writeVarint(bytes, at, end - at); ${tag}`;
}

function tagSource({ number }: DescField, wireType: WireType): string {
  return `at = writeVarint(bytes, at, ${number * 8 + wireType});`;
}

/** Not what the library keeps in another form than a message's (JSON, wrappers), nor what has groups and defaults. */
function isPlain({ file, typeName }: DescMessage): boolean {
  const isOwnForm = !typeName.startsWith("google.protobuf.") || PLAIN_WELL_KNOWN.has(typeName);
  return isOwnForm && file.edition === Edition.EDITION_PROTO3;
}

const PLAIN_WELL_KNOWN = new Set(["google.protobuf.Timestamp", "google.protobuf.Duration"]);

/** The bytes of a message that has this field and no other. */
function byLibrary(field: DescField): (value: unknown) => Uint8Array {
  return (value) => {
    const message = create(field.parent) as Record<string, unknown>;
    if (field.oneof) message[field.oneof.localName] = { case: field.localName, value };
    else message[field.localName] = value;
    return toBinary(field.parent, message as never);
  };
}
