import { create, type DescField, type DescMessage, ScalarType, toBinary } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { Edition, FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";

/** Gives the name by which a writer's source may call what isn't source: another kind's writer, the library. */
export type FieldParts = Readonly<{
  writer: (message: DescMessage) => string;
  library: (write: (value: unknown) => Uint8Array) => string;
}>;

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
  return field.scalar === ScalarType.BYTES ? "value.length > 0" : `value !== ${zeroOf(field.scalar)}`;
}

/** Undefined is an enum. */
function zeroOf(type: ScalarType | undefined): string {
  if (type === ScalarType.BOOL) return "false";
  if (type === ScalarType.STRING) return '""';
  return type === ScalarType.INT64 || type === ScalarType.UINT64 ? "0n" : "0";
}

function valueSource(field: DescField, parts: FieldParts): string {
  const write = writeSource(field, field.fieldKind === "list" ? "value[i]" : "value", parts);
  if (write === undefined) return `at = writeRaw(bytes, at, ${parts.library(byLibrary(field))}(value));`;
  return field.fieldKind === "list" ? `for (let i = value.length - 1; i >= 0; i--) { ${write} }` : write;
}

/** Of one value, with its tag; undefined where that is left to the library. */
function writeSource(field: DescField, value: string, parts: FieldParts): string | undefined {
  if (field.fieldKind === "map") return undefined;
  if (field.message)
    return isPlain(field.message) ? messageSource(field, value, parts.writer(field.message)) : undefined;
  const { write, wireType } = WRITES[field.scalar ?? ScalarType.INT32] ?? {};
  const isPacked = field.fieldKind === "list" && wireType !== WireType.LengthDelimited;
  if (write === undefined || wireType === undefined || isPacked) return undefined;
  return `at = ${write}(bytes, at, ${value}); ${tagSource(field, wireType)}`;
}

type ScalarWrite = Readonly<{ write: string; wireType: WireType }>;

/** Those of `wire-values.ts`. */
const WRITES: Partial<Record<ScalarType, ScalarWrite>> = {
  [ScalarType.BOOL]: { write: "writeBool", wireType: WireType.Varint },
  [ScalarType.INT32]: { write: "writeInt32", wireType: WireType.Varint },
  [ScalarType.UINT32]: { write: "writeUint32", wireType: WireType.Varint },
  [ScalarType.INT64]: { write: "writeInt64", wireType: WireType.Varint },
  [ScalarType.UINT64]: { write: "writeUint64", wireType: WireType.Varint },
  [ScalarType.STRING]: { write: "writeText", wireType: WireType.LengthDelimited },
  [ScalarType.BYTES]: { write: "writeBytes", wireType: WireType.LengthDelimited },
};

function messageSource(field: DescField, value: string, writer: string): string {
  const tag = tagSource(field, WireType.LengthDelimited);
  return `const end = at; at = ${writer}.write(bytes, at, ${value}); at = writeVarint(bytes, at, end - at); ${tag}`;
}

function tagSource({ number }: DescField, wireType: WireType): string {
  return `at = writeVarint(bytes, at, ${number * 8 + wireType});`;
}

/** Not what the library keeps in another form than a message's (JSON, wrappers), nor editions with groups and defaults. */
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
