import { Readable } from "node:stream";
import { toBinary, toJson } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import type { Problem } from "./problem.ts";
import { allDetails } from "./problem-status.ts";
import { requestProblem } from "./violation.ts";

type UniversalHandler = ConnectRouter["handlers"][number];
type UniversalResponse = Awaited<ReturnType<UniversalHandler>>;
type ConnectJsonError = { code?: unknown; message?: unknown; details?: unknown };

const BAD_REQUEST = 400;
const UNSUPPORTED_MEDIA_TYPE = 415;
const JSON_TYPE = "application/json";

/**
 * Connect itself refuses JSON that does not fit its message, before any handler
 * is called, and without details; and a content type that is none of its own, as
 * curl sends by default, without a word. This gives both what every other bad
 * request has.
 */
export function withErrorInfo(handler: UniversalHandler): UniversalHandler {
  const answer: (...args: Parameters<UniversalHandler>) => Promise<UniversalResponse> = async (request) => {
    const response = await handler(request);
    if (response.status === UNSUPPORTED_MEDIA_TYPE) return wrongType(response);
    return isJsonError(response) ? await detailed(response) : response;
  };
  return Object.assign(answer, { ...handler });
}

function isJsonError({ status, header }: UniversalResponse): boolean {
  const json = header?.get("content-type") === JSON_TYPE;
  return status === BAD_REQUEST && json && !header.has("content-encoding");
}

async function detailed({ body, ...response }: UniversalResponse): Promise<UniversalResponse> {
  const chunks = await Array.fromAsync(body ?? []);
  const bytes = addDetails(Buffer.concat(chunks));
  response.header?.set("content-length", String(bytes.length));
  return { ...response, body: Readable.from([bytes]) };
}

function wrongType(response: UniversalResponse): UniversalResponse {
  const problem = requestProblem(`the content-type is none that this port speaks: send ${JSON_TYPE}`);
  const error = { code: "invalid_argument", message: problem.message, details: jsonDetails(problem) };
  const header = new Headers(response.header);
  header.set("content-type", JSON_TYPE);
  return { ...response, header, body: Readable.from([Buffer.from(JSON.stringify(error))]) };
}

function addDetails(bytes: Buffer): Buffer {
  const error: ConnectJsonError = JSON.parse(bytes.toString());
  if (error.code !== "invalid_argument" || error.details !== undefined) return bytes;
  const details = jsonDetails(requestProblem(String(error.message)));
  return Buffer.from(JSON.stringify({ ...error, details }));
}

function jsonDetails(problem: Problem): readonly object[] {
  return allDetails(problem).map(({ desc, value }) => ({
    type: desc.typeName,
    value: Buffer.from(toBinary(desc, value)).toString("base64").replaceAll("=", ""),
    debug: toJson(desc, value),
  }));
}
