import { ViolationsSchema } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";

/** The error of a call that must be refused. */
export async function errorOf(call: Promise<unknown>): Promise<ConnectError> {
  try {
    await call;
  } catch (error) {
    return ConnectError.from(error);
  }
  throw new Error("the call was not refused");
}

export function reasonOf(error: ConnectError): string | undefined {
  return error.findDetails(ErrorInfoSchema)[0]?.reason;
}

/** The fields that an error's violations name, as paths without subscripts. */
export function fieldsOf(error: ConnectError): string[] {
  const violations = error.findDetails(ViolationsSchema).flatMap((each) => each.violations);
  return violations.map(({ field }) => field?.elements.map(({ fieldName }) => fieldName).join(".") ?? "");
}
