import { defineEntity, type InferEntity, p } from "@mikro-orm/core";
import type { Account } from "../domain/ledger/account.ts";
import { HexBytes, Moment, WholeNumber } from "./column-codec.ts";

/** The row that is locked for every change of an organization (R-BAL-3). */
export const AccountEntity = defineEntity({
  name: "Account",
  tableName: "accounts",
  properties: {
    organizationId: p.text().primary(),
    version: p.type(WholeNumber).$type<bigint>(),
    updateTime: p.type(Moment).$type<bigint>(),
    subscriptionMicros: p.type(WholeNumber).$type<bigint>(),
    promotionalMicros: p.type(WholeNumber).$type<bigint>(),
    purchasedMicros: p.type(WholeNumber).$type<bigint>(),
    reservedMicros: p.type(WholeNumber).$type<bigint>(),
    debtMicros: p.type(WholeNumber).$type<bigint>(),
    nextDueTime: p.type(Moment).$type<bigint>().nullable(),
    cycleStartTime: p.type(Moment).$type<bigint>().nullable(),
    cycleEndTime: p.type(Moment).$type<bigint>().nullable(),
    /** The hash of the last transaction; empty before the first. */
    headHash: p.type(HexBytes).$type<string>(),
    /** Whether it has low-balance thresholds. */
    alerting: p.boolean(),
    /** The number of its last alert; 0 before the first. */
    alertNumber: p.type(WholeNumber).$type<bigint>(),
  },
});

export type AccountRow = InferEntity<typeof AccountEntity>;

export function fromRowAccount(row: AccountRow): Account {
  const { organizationId, version, updateTime, nextDueTime } = row;
  const { subscriptionMicros, promotionalMicros, purchasedMicros, reservedMicros, debtMicros } = row;
  const balance = { subscriptionMicros, promotionalMicros, purchasedMicros, reservedMicros, debtMicros };
  const account = { organizationId, version, updateTime, balance, nextDueTime: nextDueTime ?? undefined };
  const { cycleStartTime: startTime, cycleEndTime: endTime } = row;
  const hasCycle = typeof startTime === "bigint" && typeof endTime === "bigint";
  return hasCycle ? { ...account, cycle: { startTime, endTime } } : account;
}

/** The columns that follow from the account; the others follow from its transactions and alerts. */
export function toRowAccount(
  account: Account,
): Omit<AccountRow, "organizationId" | "headHash" | "alerting" | "alertNumber"> {
  const { version, updateTime, balance, nextDueTime, cycle } = account;
  const cycleTimes = { cycleStartTime: cycle?.startTime ?? null, cycleEndTime: cycle?.endTime ?? null };
  return { version, updateTime, ...balance, nextDueTime: nextDueTime ?? null, ...cycleTimes };
}
