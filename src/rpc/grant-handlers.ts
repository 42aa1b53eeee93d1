import { create } from "@bufbuild/protobuf";
import {
  type GetGrantRequest,
  GetGrantRequestSchema,
  type GetGrantResponse,
  GetGrantResponseSchema,
  type GrantService,
  type ListGrantsRequest,
  ListGrantsRequestSchema,
  type ListGrantsResponse,
  ListGrantsResponseSchema,
} from "../../gen/pleyor/credits/v1/grant_service_pb.ts";
import type { CreditLedger } from "../service/credit-ledger.ts";
import { fromProtoUuid } from "./convert-context.ts";
import { fromProtoGrantKind, fromProtoGrantState } from "./convert-enum.ts";
import { toProtoGrant } from "./convert-grant.ts";
import { fromProtoPage } from "./convert-page.ts";
import type { Handlers } from "./endpoint.ts";
import { mutate } from "./mutation.ts";
import { createGrant, voidGrant } from "./mutations.ts";
import { accepted } from "./refusal-problem.ts";

export function grantHandlers(ledger: CreditLedger): Handlers<typeof GrantService> {
  return {
    createGrant: (request, context) => mutate(ledger, createGrant, request, context),
    getGrant: (request) => getGrant(ledger, request),
    listGrants: (request) => listGrants(ledger, request),
    voidGrant: (request, context) => mutate(ledger, voidGrant, request, context),
  };
}

async function getGrant(ledger: CreditLedger, request: GetGrantRequest): Promise<GetGrantResponse> {
  const { organizationId } = request;
  const answer = await ledger.getGrant(organizationId, fromProtoUuid(request.grantId));
  const { grant, now } = accepted(answer, request, GetGrantRequestSchema);
  return create(GetGrantResponseSchema, { grant: toProtoGrant(organizationId, grant, now) });
}

async function listGrants(ledger: CreditLedger, request: ListGrantsRequest): Promise<ListGrantsResponse> {
  const { organizationId } = request;
  const filter = {
    kinds: request.kinds.map(fromProtoGrantKind),
    states: request.states.map(fromProtoGrantState),
  };
  const answer = await ledger.listGrants(organizationId, filter, fromProtoPage(request));
  const { items, nextPageToken } = accepted(answer, request, ListGrantsRequestSchema);
  return create(ListGrantsResponseSchema, {
    grants: items.map(({ grant, now }) => toProtoGrant(organizationId, grant, now)),
    nextPageToken,
  });
}
