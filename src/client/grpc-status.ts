import { fromBinary } from "@bufbuild/protobuf";
import { type Code, ConnectError } from "@connectrpc/connect";
import type { Metadata, ServiceError } from "@grpc/grpc-js";
import { type Status, StatusSchema } from "../../gen/google/rpc/status_pb.ts";

const STATUS_DETAILS = "grpc-status-details-bin";

/** The same error that a Connect transport gives: its typed details are read by `findDetails`. */
export function connectErrorFromGrpc(error: ServiceError): ConnectError {
  // The two number their codes alike.
  const code = error.code as number as Code;
  const converted = new ConnectError(error.details, code, headersFromMetadata(error.metadata), [], error);
  converted.details = detailsOf(error.metadata);
  return converted;
}

/** The error of one operation of a batch, as its own call would have thrown it. */
export function connectErrorFromStatus(status: Status): ConnectError {
  const converted = new ConnectError(status.message, status.code as Code);
  converted.details = incomingDetails(status);
  return converted;
}

/** Binary values are left out: they are the protocol's own, and Headers hold text. */
export function headersFromMetadata(metadata: Metadata): Headers {
  const headers = new Headers();
  for (const [key, value] of Object.entries(metadata.getMap())) {
    if (typeof value === "string") {
      headers.set(key, value);
    }
  }
  return headers;
}

function detailsOf(metadata: Metadata): ConnectError["details"] {
  const [bytes] = metadata.get(STATUS_DETAILS);
  if (!(bytes instanceof Uint8Array)) {
    return [];
  }
  try {
    return incomingDetails(fromBinary(StatusSchema, bytes));
  } catch {
    // Something in between has cut them; code and message are worth more than a second error.
    return [];
  }
}

function incomingDetails(status: Status): ConnectError["details"] {
  return status.details.map(({ typeUrl, value }) => ({
    type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1),
    value,
  }));
}
