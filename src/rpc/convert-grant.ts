import { create } from "@bufbuild/protobuf";
import {
  GrantSchema,
  type Grant as ProtoGrant,
  GrantKind as ProtoGrantKind,
  type GrantShare as ProtoGrantShare,
  GrantState as ProtoGrantState,
} from "../../gen/pleyor/credits/v1/grant_pb.ts";
import { bucketsOf, type Grant, type GrantShare, grantState } from "../domain/ledger/grant.ts";
import type { Time } from "../domain/time.ts";
import { toProtoTimestamp } from "./convert-time.ts";

/** The grant as it is at `now`, which decides whether it has expired. */
export function toProtoGrant(organizationId: string, grant: Grant, now: Time): ProtoGrant {
  const proto = create(GrantSchema, {
    ...bucketsOf(grant),
    organizationId,
    grantId: grant.grantId,
    kind: ProtoGrantKind[grant.kind],
    state: ProtoGrantState[grantState(grant, now)],
    amountMicros: grant.amountMicros,
    createTime: toProtoTimestamp(grant.createTime),
    reference: grant.reference,
    version: grant.version,
    spentBecameDebt: grant.spentBecomesDebt,
  });
  if (grant.expireTime !== undefined) proto.expireTime = toProtoTimestamp(grant.expireTime);
  return proto;
}

export function toProtoGrantShare({ grantId, amountMicros }: GrantShare): ProtoGrantShare {
  return { $typeName: "pleyor.credits.v1.GrantShare", grantId, amountMicros };
}
