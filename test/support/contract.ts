import type { DescMessage } from "@bufbuild/protobuf";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { REQUEST_SCHEMAS } from "../../src/rpc/routes.ts";

const SERVICES = new Set([...REQUEST_SCHEMAS.flatMap(({ file }) => file.services), Health]);
const METHODS = [...SERVICES].flatMap(({ methods }) => methods);

/** What the contract's calls are asked with, each kind once. */
export const REQUESTS: readonly DescMessage[] = [...new Set(METHODS.map(({ input }) => input))];

/** What they answer, each kind once. */
export const RESPONSES: readonly DescMessage[] = [...new Set(METHODS.map(({ output }) => output))];
