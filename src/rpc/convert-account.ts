import type { Balance as ProtoBalance } from "../../gen/pleyor/credits/v1/balance_pb.ts";
import { type Account, availableMicros } from "../domain/ledger/account.ts";
import { toProtoTimestamp } from "./convert-time.ts";

type BalanceAt = Pick<Account, "organizationId" | "version" | "updateTime" | "balance" | "cycle">;

export function toProtoBalance(account: BalanceAt): ProtoBalance {
  const { organizationId, version, updateTime, balance, cycle } = account;
  const proto: ProtoBalance = {
    $typeName: "pleyor.credits.v1.Balance",
    ...balance,
    organizationId,
    version,
    updateTime: toProtoTimestamp(updateTime),
    availableMicros: availableMicros(balance),
  };
  if (cycle) {
    proto.cycleStartTime = toProtoTimestamp(cycle.startTime);
    proto.cycleEndTime = toProtoTimestamp(cycle.endTime);
  }
  return proto;
}
