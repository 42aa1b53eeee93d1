import type { Command } from "../../src/domain/ledger/command.ts";
import type { Debt } from "../../src/domain/ledger/debt.ts";
import { decide } from "../../src/domain/ledger/decide.ts";
import type { Clock, Plans } from "../../src/domain/ledger/decision.ts";
import { nextDueTime, recordDue } from "../../src/domain/ledger/due.ts";
import { type Changes, Ledger } from "../../src/domain/ledger/ledger.ts";
import type { RateCards } from "../../src/domain/ledger/model-call.ts";
import type { Transaction } from "../../src/domain/ledger/transaction.ts";
import { earlierOf, type Time } from "../../src/domain/time.ts";
import { fingerprintOf } from "../../src/storage/hash-chain.ts";
import type { TimedIds } from "./timed-ids.ts";

/** What decisions are made by, beside the ledger. */
export type Rulebook = Readonly<{ plans: Plans; rateCards: RateCards }>;

const ACTOR = "workflow-engine";
/** More than a year has. */
const BOUNDARIES_MAX = 100;

/** One organization's ledger in memory, at times that are passed in: the service's rules without its database. */
export class OrganizationLedger {
  readonly ledger: Ledger;
  /** Every debt that there was, paid ones included. */
  readonly debts = new Map<bigint, Debt>();
  readonly #rulebook: Rulebook;
  readonly #ids: TimedIds;

  constructor(organizationId: string, rulebook: Rulebook, ids: TimedIds) {
    this.ledger = new Ledger(organizationId);
    this.#rulebook = rulebook;
    this.#ids = ids;
  }

  /** Records what is due by then; empty where nothing is. */
  recordDue(now: Time): readonly Transaction[] {
    const { account } = this.ledger;
    if (account.nextDueTime === undefined || account.nextDueTime > now) return [];
    const cycles = { ...this.#rulebook.plans, newId: () => this.#ids.next(now), max: BOUNDARIES_MAX };
    const due = recordDue(this.ledger, now, undefined, cycles);
    this.#absorb(due);
    const next = earlierOf(this.ledger.account.cycle?.endTime, nextDueTime(this.ledger, now));
    this.ledger.account = { ...this.ledger.account, nextDueTime: next };
    return due.transactions;
  }

  /** Throws where the rules refuse it: what is seeded was accepted. */
  apply(command: Command, now: Time): Changes {
    const { organizationId } = this.ledger.account;
    const requestId = this.#ids.nextRequestId(now);
    const request = {
      organizationId,
      requestId,
      fingerprint: fingerprintOf(command),
      actor: ACTOR,
      command,
    };
    const clock: Clock = { now, newId: () => this.#ids.next(now), ...this.#rulebook };
    const decision = decide(this.ledger, request, clock);
    if (decision.outcome !== "accepted") {
      const why = decision.outcome === "refused" ? decision.refusal.reason : decision.outcome;
      throw new Error(`${organizationId}: ${command.kind} came to ${why}`);
    }
    this.#absorb(decision.changes);
    return decision.changes;
  }

  /** Requests are forgotten at once, as each has an id of its own: a ledger of millions has no room for them. */
  #absorb(changes: Changes): void {
    this.ledger.absorb(changes);
    this.ledger.requests.clear();
    for (const [version, debt] of changes.debts) this.debts.set(version, debt);
  }
}
