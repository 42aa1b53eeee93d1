import { defineEntity, type InferEntity, p } from "@mikro-orm/core";
import type { Account } from "../domain/ledger/account.ts";
import { HexBytes, moment, wholeNumber } from "./row-text.ts";
import { fromRowTime, fromRowTimeOrNull, toRowTime, toRowTimeOrNull } from "./timestamp.ts";

/** The row that is locked for every change of an organization (R-BAL-3). */
export const AccountEntity = defineEntity({
  name: "Account",
  tableName: "accounts",
  properties: {
    organizationId: p.text().primary(),
    version: wholeNumber(),
    updateTime: moment(),
    subscriptionMicros: wholeNumber(),
    promotionalMicros: wholeNumber(),
    purchasedMicros: wholeNumber(),
    reservedMicros: wholeNumber(),
    debtMicros: wholeNumber(),
    nextDueTime: moment().nullable(),
    cycleStartTime: moment().nullable(),
    cycleEndTime: moment().nullable(),
    /** The hash of the last transaction; empty before the first. */
    headHash: p.type(HexBytes).$type<string>(),
    /** Whether it has low-balance thresholds. */
    alerting: p.boolean(),
    /** The number of its last alert; 0 before the first. */
    alertNumber: wholeNumber(),
  },
});

export type AccountRow = InferEntity<typeof AccountEntity>;

export function fromRowAccount(row: AccountRow): Account {
  const startTime = fromRowTimeOrNull(row.cycleStartTime ?? null);
  const endTime = fromRowTimeOrNull(row.cycleEndTime ?? null);
  const account = {
    organizationId: row.organizationId,
    version: BigInt(row.version),
    updateTime: fromRowTime(row.updateTime),
    balance: {
      subscriptionMicros: BigInt(row.subscriptionMicros),
      promotionalMicros: BigInt(row.promotionalMicros),
      purchasedMicros: BigInt(row.purchasedMicros),
      reservedMicros: BigInt(row.reservedMicros),
      debtMicros: BigInt(row.debtMicros),
    },
    nextDueTime: fromRowTimeOrNull(row.nextDueTime ?? null),
  };
  return startTime === undefined || endTime === undefined
    ? account
    : { ...account, cycle: { startTime, endTime } };
}

/** The columns that follow from the account; the others follow from its transactions and alerts. */
export function toRowAccount(
  account: Account,
): Omit<AccountRow, "organizationId" | "headHash" | "alerting" | "alertNumber"> {
  const { version, updateTime, balance, nextDueTime, cycle } = account;
  return {
    version: String(version),
    updateTime: toRowTime(updateTime),
    subscriptionMicros: String(balance.subscriptionMicros),
    promotionalMicros: String(balance.promotionalMicros),
    purchasedMicros: String(balance.purchasedMicros),
    reservedMicros: String(balance.reservedMicros),
    debtMicros: String(balance.debtMicros),
    nextDueTime: toRowTimeOrNull(nextDueTime),
    cycleStartTime: toRowTimeOrNull(cycle?.startTime),
    cycleEndTime: toRowTimeOrNull(cycle?.endTime),
  };
}
