import {
  create,
  type DescMethodUnary,
  fromBinary,
  fromJson,
  type JsonValue,
  type Message,
  toJson,
} from "@bufbuild/protobuf";
import { type Violations, ViolationsSchema } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { type ErrorInfo, ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { DETAIL_TYPES } from "../../src/rpc/routes.ts";

/** An answer or an error of either front door, in one form. */
export type JsonAnswer = Readonly<{
  code: string;
  reason: string;
  metadata: Readonly<Record<string, string>>;
  /** The fields that violate a rule. */
  fields: readonly string[];
  body: unknown;
}>;

/** Calls a method with JSON, so that requests which no typed client would send can be sent. */
export type JsonCaller = (method: DescMethodUnary, request: unknown) => Promise<JsonAnswer>;

type JsonError = { readonly code: string; readonly details?: readonly { type: string; value: string }[] };

/** By HTTP/1.1 and JSON, as curl does. */
export function jsonOverHttp(baseUrl: string): JsonCaller {
  return async (method, request) => {
    const answer = await fetch(`${baseUrl}/${method.parent.typeName}/${method.name}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(request),
    });
    const body = (await answer.json()) as JsonError;
    if (answer.ok) return { code: "ok", reason: "", metadata: {}, fields: [], body };
    return { code: body.code, ...detailsOf((schema) => detailsOfJson(body.details ?? [], schema)), body };
  };
}

/** By a typed client's transport. What does not even fit the message is refused here, as such a client would. */
export function jsonOverTransport(transport: Transport): JsonCaller {
  return async (method, request) => {
    const client = createClient(method.parent, transport) as Record<
      string,
      (message: Message) => Promise<Message>
    >;
    const call = client[method.localName];
    if (!call) throw new Error(`no ${method.localName}`);
    try {
      const message = fromJson(method.input, request as JsonValue);
      return {
        code: "ok",
        reason: "",
        metadata: {},
        fields: [],
        body: toJson(method.output, await call(message), { registry: DETAIL_TYPES }),
      };
    } catch (error) {
      if (!(error instanceof ConnectError)) return UNPARSABLE;
      return {
        code: snake(Code[error.code]),
        ...detailsOf((schema) => error.findDetails(schema)),
        body: error,
      };
    }
  };
}

const UNPARSABLE: JsonAnswer = {
  code: "invalid_argument",
  reason: "INVALID_REQUEST",
  metadata: {},
  fields: [],
  body: undefined,
};

type Schema = typeof ErrorInfoSchema | typeof ViolationsSchema;

function detailsOf(
  find: (schema: Schema) => readonly Message[],
): Pick<JsonAnswer, "reason" | "metadata" | "fields"> {
  const info = (find(ErrorInfoSchema)[0] as ErrorInfo | undefined) ?? create(ErrorInfoSchema);
  const violations = (find(ViolationsSchema)[0] as Violations | undefined)?.violations ?? [];
  const fields = violations.map(
    ({ field }) => field?.elements.map(({ fieldName }) => fieldName).join(".") ?? "",
  );
  return { reason: info.reason, metadata: info.metadata, fields };
}

function detailsOfJson(
  details: readonly { type: string; value: string }[],
  schema: Schema,
): readonly Message[] {
  return details.flatMap(({ type, value }) =>
    type === schema.typeName ? [fromBinary<Schema>(schema, Buffer.from(value, "base64"))] : [],
  );
}

function snake(name = ""): string {
  return name.replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}
