import { defineEntity, type InferEntity, p } from "@mikro-orm/core";
import { type Grant, type GrantKind, isOpen } from "../domain/ledger/grant.ts";
import { Moment, WholeNumber } from "./column-codec.ts";

export const GrantEntity = defineEntity({
  name: "Grant",
  tableName: "grants",
  properties: {
    organizationId: p.text().primary(),
    grantId: p.uuid().primary(),
    kind: p.text().$type<GrantKind>(),
    amountMicros: p.type(WholeNumber).$type<bigint>(),
    freeMicros: p.type(WholeNumber).$type<bigint>(),
    heldMicros: p.type(WholeNumber).$type<bigint>(),
    consumedMicros: p.type(WholeNumber).$type<bigint>(),
    expiredMicros: p.type(WholeNumber).$type<bigint>(),
    voidedMicros: p.type(WholeNumber).$type<bigint>(),
    /** Whether anything of it is free or held: what a decision has to load. */
    open: p.boolean(),
    createTime: p.type(Moment).$type<bigint>(),
    expireTime: p.type(Moment).$type<bigint>().nullable(),
    reference: p.text(),
    version: p.type(WholeNumber).$type<bigint>(),
    voided: p.boolean(),
    spentBecomesDebt: p.boolean(),
  },
});

export type GrantRow = InferEntity<typeof GrantEntity>;

export function fromRowGrant(row: GrantRow): Grant {
  const { grantId, kind, amountMicros, freeMicros, heldMicros, consumedMicros, expiredMicros, voidedMicros } =
    row;
  const { createTime, reference, version, voided, spentBecomesDebt } = row;
  const buckets = { freeMicros, heldMicros, consumedMicros, expiredMicros, voidedMicros };
  const expireTime = row.expireTime ?? undefined;
  return {
    grantId,
    kind,
    amountMicros,
    ...buckets,
    createTime,
    expireTime,
    reference,
    version,
    voided,
    spentBecomesDebt,
  };
}

export function toRowGrant(organizationId: string, grant: Grant): GrantRow {
  return { organizationId, ...grant, open: isOpen(grant), expireTime: grant.expireTime ?? null };
}
