import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { type Code as ConnectCode, ConnectError } from "@connectrpc/connect";
import { type ServiceError as GrpcError, Metadata } from "@grpc/grpc-js";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { type Status, StatusSchema } from "../../gen/google/rpc/status_pb.ts";
import { type Detail, detail, type Problem } from "./problem.ts";

const DOMAIN = "credits.pleyor";

/** The problem as a batch's result tells it, and as the details of gRPC do. */
export function toProtoStatus(problem: Problem): Status {
  return create(StatusSchema, {
    code: problem.code,
    message: problem.message,
    details: allDetails(problem).map(({ desc, value }) => anyPack(desc, value)),
  });
}

/** The problem as the Connect door sends it, in all its protocols. */
export function toConnectError(problem: Problem): ConnectError {
  // The numbers of google.rpc.Code are those of Connect and of gRPC.
  return new ConnectError(problem.message, problem.code as ConnectCode, undefined, [...allDetails(problem)]);
}

/** The problem as the gRPC door sends it. */
export function toGrpcError(problem: Problem): GrpcError {
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(toBinary(StatusSchema, toProtoStatus(problem))));
  const { code, message } = problem;
  return Object.assign(new Error(message), { name: "GrpcError", code, details: message, metadata });
}

/** The ErrorInfo that every error of ours has, then what it has beside. */
export function allDetails({ reason, metadata, details }: Problem): readonly Detail[] {
  if (reason === undefined) return details;
  return [detail(ErrorInfoSchema, { reason, domain: DOMAIN, metadata: { ...metadata } }), ...details];
}
