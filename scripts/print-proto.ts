import { type DescExtension, getExtension, hasExtension, isFieldSet, type Message } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  type FieldDescriptorProto,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
  type FileDescriptorProto,
  FileOptionsSchema,
} from "@bufbuild/protobuf/wkt";

/** The largest field number, exclusive: what `extensions 1000 to max` means in a descriptor. */
const END_OF_FIELD_NUMBERS = 536_870_912;

/**
 * Prints a proto2 file from its descriptor; `fieldOption` is the one custom option that its fields may carry.
 *
 * It knows the features that `buf/validate/validate.proto` uses and no others. A test compiles the output and
 * compares the descriptors, so that a newer version which uses more is noticed there.
 */
export function printProto(file: FileDescriptorProto, fieldOption: DescExtension): string {
  const sections = [
    'syntax = "proto2";',
    `package ${file.package};`,
    file.dependency.map((path) => `import "${path}";`).join("\n"),
    printFileOptions(file),
    ...file.extension.map((field) =>
      printBlock(`extend ${field.extendee}`, [printField(field, fieldOption)]),
    ),
    ...file.messageType.map((message) => printMessage(message, fieldOption)),
    ...file.enumType.map(printEnum),
  ];
  return `${sections.join("\n\n")}\n`;
}

function printFileOptions(file: FileDescriptorProto): string {
  if (file.options === undefined) {
    return "";
  }
  return textFields(reflect(FileOptionsSchema, file.options))
    .map(([name, value]) => `option ${name} = ${value};`)
    .join("\n");
}

function printMessage(message: DescriptorProto, fieldOption: DescExtension): string {
  const lines: string[] = [];
  for (let index = 0; index < message.field.length; ) {
    const group = fieldsOfOneGroup(message.field, index);
    const printed = group.map((field) => printField(field, fieldOption));
    const oneof = oneofOf(group[0]);
    const name = oneof === undefined ? undefined : message.oneofDecl[oneof]?.name;
    lines.push(...(name === undefined ? printed : [printBlock(`oneof ${name}`, printed)]));
    index += group.length;
  }
  return printBlock(`message ${message.name}`, [
    ...lines,
    // Ranges of messages end before `end`, ranges of enums with it.
    ...message.reservedRange.map((range) => `reserved ${range.start} to ${range.end - 1};`),
    ...message.reservedName.map((name) => `reserved ${JSON.stringify(name)};`),
    ...message.extensionRange.map(({ start, end }) => `extensions ${start} to ${extensionEnd(end)};`),
  ]);
}

/** The member fields of the oneof that starts at `start`, which always stand together; else that field alone. */
function fieldsOfOneGroup(fields: readonly FieldDescriptorProto[], start: number): FieldDescriptorProto[] {
  const oneof = oneofOf(fields[start]);
  let end = start + 1;
  while (oneof !== undefined && end < fields.length && oneofOf(fields[end]) === oneof) {
    end += 1;
  }
  return fields.slice(start, end);
}

function oneofOf(field: FieldDescriptorProto | undefined): number | undefined {
  return field && isFieldSet(field, FieldDescriptorProtoSchema.field.oneofIndex)
    ? field.oneofIndex
    : undefined;
}

function extensionEnd(end: number): string {
  return end === END_OF_FIELD_NUMBERS ? "max" : String(end - 1);
}

function printField(field: FieldDescriptorProto, fieldOption: DescExtension): string {
  const label =
    oneofOf(field) === undefined ? `${lowerName(FieldDescriptorProto_Label, field.label, "LABEL_")} ` : "";
  const type = field.typeName || lowerName(FieldDescriptorProto_Type, field.type, "TYPE_");
  let option = "";
  if (field.options !== undefined && hasExtension(field.options, fieldOption)) {
    const value = getExtension(field.options, fieldOption) as Message;
    const message = fieldOption.message;
    if (message === undefined) {
      throw new Error(`${fieldOption.typeName} is not a message option.`);
    }
    option = ` [(${fieldOption.name}) = ${textFormat(reflect(message, value))}]`;
  }
  return `${label}${type} ${field.name} = ${field.number}${option};`;
}

function printEnum(declaration: EnumDescriptorProto): string {
  return printBlock(`enum ${declaration.name}`, [
    ...declaration.value.map(({ name, number }) => `${name} = ${number};`),
    ...declaration.reservedRange.map((range) => `reserved ${range.start} to ${range.end};`),
    ...declaration.reservedName.map((name) => `reserved ${JSON.stringify(name)};`),
  ]);
}

function printBlock(head: string, lines: readonly string[]): string {
  const body = lines.join("\n").replaceAll(/^/gm, "  ");
  return `${head} {\n${body}\n}`;
}

/** The descriptor's own enums name the keywords: TYPE_INT64 is `int64`, LABEL_REPEATED is `repeated`. */
function lowerName(enumeration: Record<string, string | number>, value: number, prefix: string): string {
  const name = Object.keys(enumeration).find((key) => enumeration[key] === value);
  return (name ?? String(value)).replace(prefix, "").toLowerCase();
}

function textFormat(message: ReflectMessage): string {
  const lines = textFields(message).map(([name, value]) => `${name}: ${value}`);
  return printBlock("", lines).trimStart();
}

/** The fields that are set, with their values in text format; a repeated field once per element. */
function textFields(message: ReflectMessage): [name: string, value: string][] {
  return message.fields
    .filter((field) => message.isSet(field))
    .flatMap((field): [string, string][] => {
      if (field.fieldKind === "list" && field.listKind === "message") {
        return Array.from(message.get(field), (item) => [field.name, textFormat(item as ReflectMessage)]);
      }
      if (field.fieldKind === "scalar") {
        return [[field.name, JSON.stringify(message.get(field))]];
      }
      throw new Error(`${field.toString()} is of a kind that this printer does not know.`);
    });
}
