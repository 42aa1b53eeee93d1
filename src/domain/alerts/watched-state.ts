import type { Account } from "../ledger/account.ts";

/** What watchers of an organization compare with what they were told. */
export type WatchedState = Readonly<{
  account: Account;
  /** The number of its last alert; 0 before the first. */
  alertNumber: bigint;
}>;
