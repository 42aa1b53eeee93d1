import {
  create,
  createFileRegistry,
  type DescMessage,
  type MessageInitShape,
  setExtension,
} from "@bufbuild/protobuf";
import {
  type FieldDescriptorProto,
  FieldDescriptorProtoSchema,
  FieldOptionsSchema,
  FileDescriptorProtoSchema,
  file_google_protobuf_duration,
  file_google_protobuf_wrappers,
  FieldDescriptorProto_Label as Label,
  MessageOptionsSchema,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import {
  FieldRulesSchema,
  field as fieldRules,
  file_buf_validate_validate,
  MessageRulesSchema,
  message as messageRules,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

const FILES = [file_google_protobuf_duration, file_google_protobuf_wrappers, file_buf_validate_validate];

/** A field with its rules; its type is a message's name where it has a dot. */
export type MadeField = Readonly<{
  name: string;
  type: "string" | "int64" | `.${string}`;
  repeated?: boolean;
  oneof?: boolean;
  rules?: MessageInitShape<typeof FieldRulesSchema>;
}>;

export type MadeMessage = Readonly<{
  name: string;
  fields: readonly MadeField[];
  rules?: MessageInitShape<typeof MessageRulesSchema>;
}>;

/** Kinds of messages that the contract doesn't have, of a package `made`, by their names. */
export function makeContract(messages: readonly MadeMessage[]): (name: string) => DescMessage {
  const file = create(FileDescriptorProtoSchema, {
    name: "made.proto",
    package: "made",
    syntax: "proto3",
    dependency: FILES.map(({ proto }) => proto.name),
    messageType: messages.map(({ name, fields, rules }) => {
      const options = create(MessageOptionsSchema);
      if (rules) setExtension(options, messageRules, create(MessageRulesSchema, rules));
      return { name, field: fields.map(toField), options, oneofDecl: [{ name: "choice" }] };
    }),
  });
  const registry = createFileRegistry(file, (name) => FILES.find(({ proto }) => proto.name === name));
  return (name) => {
    const schema = registry.getMessage(`made.${name}`);
    if (!schema) throw new Error(`no message ${name} was made`);
    return schema;
  };
}

function toField({ name, type, repeated, oneof, rules }: MadeField, index: number): FieldDescriptorProto {
  const options = create(FieldOptionsSchema);
  if (rules) setExtension(options, fieldRules, create(FieldRulesSchema, rules));
  return create(FieldDescriptorProtoSchema, {
    name,
    number: index + 1,
    label: repeated ? Label.REPEATED : Label.OPTIONAL,
    ...(type.startsWith(".")
      ? { type: Type.MESSAGE, typeName: type }
      : { type: type === "string" ? Type.STRING : Type.INT64 }),
    ...(oneof && { oneofIndex: 0 }),
    options,
  });
}
