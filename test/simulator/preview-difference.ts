import { previewChange } from "../../src/domain/ledger/change-plan.ts";
import type { Command } from "../../src/domain/ledger/command.ts";
import type { Transaction } from "../../src/domain/ledger/transaction.ts";
import type { PlanChange } from "../../src/domain/plans/plan-change.ts";
import { isLive } from "../../src/domain/plans/subscription.ts";
import type { Time } from "../../src/domain/time.ts";
import { same } from "./difference.ts";
import type { Machine } from "./machine.ts";

type Told = Readonly<{ version: bigint; change: PlanChange; catalogueVersion: number }>;

/** What a preview tells before a change is asked for; undefined where it is no change of plan, or would be refused. */
export function tellBefore(machine: Machine, command: Command, clock: Time): Told | undefined {
  const { account, subscription } = machine.ledger;
  if (command.kind !== "changePlan" || !isLive(subscription)) return undefined;
  const now = machine.now(clock);
  const catalogue = machine.catalogueAt(now);
  const preview = previewChange({ account, subscription, catalogue, now }, command);
  if ("refusal" in preview) return undefined;
  return { version: account.version + 1n, change: preview.value, catalogueVersion: catalogue.version };
}

/** R-PLAN-7: previews, and what then happened where nothing came in between. */
export class Previews {
  #told: Told | undefined;
  /** How many could be compared. */
  compared = 0;

  /** The change was made that this was told of. */
  made(told: Told | undefined): void {
    if (told) this.#told = told;
  }

  compare(machine: Machine): void {
    for (const { transactions } of machine.touched)
      for (const each of transactions) this.#follow(machine, each);
  }

  #follow(
    machine: Machine,
    { version, kind, effectiveTime, amountMicros, subscriptionAfter }: Transaction,
  ): void {
    const told = this.#told;
    if (!told || !subscriptionAfter || version <= told.version) return;
    this.#told = undefined;
    const { change, catalogueVersion } = told;
    const edited = machine.catalogueAt(effectiveTime).version !== catalogueVersion;
    if (kind !== "CYCLE_RESET" || edited) return;
    same("R-PLAN-7: the next cycle's time", effectiveTime, change.after.cycleEndTime);
    same("R-PLAN-7: the next cycle's credits", amountMicros, change.nextCycleMicros);
    this.compared += 1;
    if (effectiveTime !== change.after.termEndTime) return;
    same(
      "R-PLAN-7: the next term's price",
      subscriptionAfter.price.amountMinor,
      change.nextTermPrice.amountMinor,
    );
  }
}
