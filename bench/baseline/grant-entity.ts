import { defineEntity, type InferEntity, p } from "@mikro-orm/core";
import { type Grant, type GrantKind, isOpen } from "../../src/domain/ledger/grant.ts";
import { moment, wholeNumber } from "../../src/storage/row-text.ts";
import { fromRowTime, fromRowTimeOrNull, toRowTime, toRowTimeOrNull } from "../../src/storage/timestamp.ts";

/** Grants as managed entities, which the service does without; see `grantUpdate`. */
export const GrantEntity = defineEntity({
  name: "Grant",
  tableName: "grants",
  properties: {
    organizationId: p.text().primary(),
    grantId: p.uuid().primary(),
    kind: p.text().$type<GrantKind>(),
    amountMicros: wholeNumber(),
    freeMicros: wholeNumber(),
    heldMicros: wholeNumber(),
    consumedMicros: wholeNumber(),
    expiredMicros: wholeNumber(),
    voidedMicros: wholeNumber(),
    /** Whether anything of it is free or held: what a decision has to load. */
    open: p.boolean(),
    createTime: moment(),
    expireTime: moment().nullable(),
    reference: p.text(),
    version: wholeNumber(),
    voided: p.boolean(),
    spentBecomesDebt: p.boolean(),
  },
});

export type GrantRow = InferEntity<typeof GrantEntity>;

export function fromRowGrant(row: GrantRow): Grant {
  return {
    grantId: row.grantId,
    kind: row.kind,
    amountMicros: BigInt(row.amountMicros),
    freeMicros: BigInt(row.freeMicros),
    heldMicros: BigInt(row.heldMicros),
    consumedMicros: BigInt(row.consumedMicros),
    expiredMicros: BigInt(row.expiredMicros),
    voidedMicros: BigInt(row.voidedMicros),
    createTime: fromRowTime(row.createTime),
    expireTime: fromRowTimeOrNull(row.expireTime ?? null),
    reference: row.reference,
    version: BigInt(row.version),
    voided: row.voided,
    spentBecomesDebt: row.spentBecomesDebt,
  };
}

export function toRowGrant(organizationId: string, grant: Grant): GrantRow {
  return {
    organizationId,
    grantId: grant.grantId,
    kind: grant.kind,
    amountMicros: String(grant.amountMicros),
    freeMicros: String(grant.freeMicros),
    heldMicros: String(grant.heldMicros),
    consumedMicros: String(grant.consumedMicros),
    expiredMicros: String(grant.expiredMicros),
    voidedMicros: String(grant.voidedMicros),
    open: isOpen(grant),
    createTime: toRowTime(grant.createTime),
    expireTime: toRowTimeOrNull(grant.expireTime),
    reference: grant.reference,
    version: String(grant.version),
    voided: grant.voided,
    spentBecomesDebt: grant.spentBecomesDebt,
  };
}
