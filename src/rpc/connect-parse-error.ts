import { Readable } from "node:stream";
import { toBinary, toJson } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import { allDetails } from "./problem-status.ts";
import { requestProblem } from "./violation.ts";

type UniversalHandler = ConnectRouter["handlers"][number];
type UniversalResponse = Awaited<ReturnType<UniversalHandler>>;
type ConnectJsonError = { code?: unknown; message?: unknown; details?: unknown };

const BAD_REQUEST = 400;

/**
 * Connect itself refuses JSON that does not fit its message, before any handler
 * is called, and without details. This gives it those of every other bad request.
 */
export function withErrorInfo(handler: UniversalHandler): UniversalHandler {
  const answer: (...args: Parameters<UniversalHandler>) => Promise<UniversalResponse> = async (request) => {
    const response = await handler(request);
    return isJsonError(response) ? await detailed(response) : response;
  };
  return Object.assign(answer, { ...handler });
}

function isJsonError({ status, header }: UniversalResponse): boolean {
  const json = header?.get("content-type") === "application/json";
  return status === BAD_REQUEST && json && !header.has("content-encoding");
}

async function detailed({ body, ...response }: UniversalResponse): Promise<UniversalResponse> {
  const chunks = await Array.fromAsync(body ?? []);
  const bytes = addDetails(Buffer.concat(chunks));
  response.header?.set("content-length", String(bytes.length));
  return { ...response, body: Readable.from([bytes]) };
}

function addDetails(bytes: Buffer): Buffer {
  const error: ConnectJsonError = JSON.parse(bytes.toString());
  if (error.code !== "invalid_argument" || error.details !== undefined) return bytes;
  const details = allDetails(requestProblem(String(error.message))).map(({ desc, value }) => ({
    type: desc.typeName,
    value: Buffer.from(toBinary(desc, value)).toString("base64").replaceAll("=", ""),
    debug: toJson(desc, value),
  }));
  return Buffer.from(JSON.stringify({ ...error, details }));
}
