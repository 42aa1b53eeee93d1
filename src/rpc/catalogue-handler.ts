import { create, toBinary } from "@bufbuild/protobuf";
import { Code } from "../../gen/google/rpc/code_pb.ts";
import {
  CatalogueFaultSchema,
  CatalogueInvalidSchema,
  RequestIdReusedSchema,
} from "../../gen/pleyor/credits/v1/error_reason_pb.ts";
import {
  type PublishCatalogueRequest,
  type PublishCatalogueResponse,
  PublishCatalogueResponseSchema,
} from "../../gen/pleyor/credits/v1/subscription_service_pb.ts";
import type { CatalogueFault } from "../domain/plans/catalogue-fault.ts";
import type { PlanDesk, PublishRefusal } from "../service/plan-desk.ts";
import { fromProtoCatalogue, toProtoCatalogue } from "./convert-catalogue.ts";
import { fromProtoUuid } from "./convert-context.ts";
import { toProtoTimestamp, toText } from "./convert-time.ts";
import { type Detail, detail, fill, type Problem, ProblemError } from "./problem.ts";

/** Errors travel in HTTP/2 trailers, of which common clients take 8 KB: who mends the first faults is told the next. */
const FAULT_BYTES_MAX = 3_000;
const NAMED_IN_MESSAGE_MAX = 5;
const NAMED_LENGTH_MAX = 150;

export async function publishCatalogue(
  desk: PlanDesk,
  request: PublishCatalogueRequest,
): Promise<PublishCatalogueResponse> {
  const requestId = fromProtoUuid(request.requestId);
  const answer = await desk.publishCatalogue({ requestId, content: fromProtoCatalogue(request.catalogue) });
  if ("refusal" in answer) throw new ProblemError(publishProblem(answer.refusal));
  const { catalogue, replayed } = answer.value;
  return create(PublishCatalogueResponseSchema, { catalogue: toProtoCatalogue(catalogue), replayed });
}

export function publishProblem(refusal: PublishRefusal): Problem {
  return refusal.reason === "CATALOGUE_INVALID" ? catalogueInvalid(refusal.faults) : idReused(refusal);
}

function catalogueInvalid(faults: readonly CatalogueFault[]): Problem {
  const named = faults.slice(0, NAMED_IN_MESSAGE_MAX).map(({ place, description }) => {
    const text = `${place} ${description}`;
    return text.length > NAMED_LENGTH_MAX ? `${text.slice(0, NAMED_LENGTH_MAX)}...` : text;
  });
  const more = faults.length > named.length ? ["and more"] : [];
  return {
    code: Code.INVALID_ARGUMENT,
    reason: "CATALOGUE_INVALID",
    message: `the catalogue has ${faults.length} faults: ${[...named, ...more].join("; ")}`,
    metadata: { faults: String(faults.length) },
    details: [detail(CatalogueInvalidSchema, { faults: fitting(faults) })],
  };
}

function fitting(faults: readonly CatalogueFault[]): readonly CatalogueFault[] & object[] {
  let bytes = 0;
  return faults.filter((fault) => {
    bytes += toBinary(CatalogueFaultSchema, create(CatalogueFaultSchema, fault)).length;
    return bytes <= FAULT_BYTES_MAX;
  });
}

function idReused({
  requestId,
  catalogue,
}: Extract<PublishRefusal, { reason: "PUBLICATION_ID_REUSED" }>): Problem {
  const { version, effectiveTime } = catalogue;
  const metadata = {
    request_id: requestId,
    effective_time: toText(effectiveTime),
    version: String(version),
  };
  const message =
    "request id {request_id} published another catalogue, version {version}, at {effective_time}; " +
    "use a new id for a new request";
  const reused: Detail = detail(RequestIdReusedSchema, {
    requestId,
    effectiveTime: toProtoTimestamp(effectiveTime),
    version: BigInt(version),
  });
  return {
    code: Code.ALREADY_EXISTS,
    reason: "REQUEST_ID_REUSED",
    message: fill(message, metadata),
    metadata,
    details: [reused],
  };
}
