import { v7 as uuidv7 } from "uuid";
import type { Request } from "../domain/ledger/command.ts";
import { decide } from "../domain/ledger/decide.ts";
import type { Decision } from "../domain/ledger/decision.ts";
import { nextDueTime, recordDue } from "../domain/ledger/due.ts";
import type { Changes, Ledger } from "../domain/ledger/ledger.ts";
import type { Refusal } from "../domain/ledger/refusal.ts";
import type { SealedTransaction } from "../domain/ledger/transaction.ts";
import { earlierOf, laterOf, type Time } from "../domain/time.ts";
import { LedgerUnit } from "../storage/ledger-unit.ts";
import type { Orm } from "../storage/orm.ts";
import { namedBy } from "./named.ts";

/** A place in a batch: a request, or, without one, only what is due of its organization. */
export type BatchItem = Readonly<{ organizationId: string; request: Request | undefined }>;

/** What became of an item once its batch was committed. */
export type Outcome =
  | Readonly<{ outcome: "accepted"; changes: Changes; transactions: readonly SealedTransaction[] }>
  | Readonly<{ outcome: "unchanged"; versions: readonly bigint[] }>
  | Readonly<{ outcome: "refused"; refusal: Refusal }>
  /** What was due is recorded. */
  | Readonly<{ outcome: "current" }>
  /** More is due than one batch records: its turn comes after the next one. */
  | Readonly<{ outcome: "postponed" }>;

/** So many holds of one organization are returned by one batch at the most. */
const DUE_HOLDS_MAX = 500;

/**
 * The one place where the ledger is written: locks the organizations, records what
 * is due, decides the items one after the other on the state in memory, writes
 * everything and commits once. Outcomes are in the order of the items.
 */
export function commitBatch(orm: Orm, items: readonly BatchItem[]): Promise<readonly Outcome[]> {
  return LedgerUnit.run(orm, async (unit) => {
    const requests = items.flatMap(({ request }) => request ?? []);
    const opening = requests.filter(({ command }) => command.kind === "createGrant");
    await unit.lock(ids(items), ids(opening));
    const now = await unit.clock();
    await unit.load(namedBy(requests));
    const decided: Changes[] = [];
    const postponed = await bringUpToDate(unit, now, decided);
    const decisions = items.map(({ organizationId, request }) => {
      if (postponed.has(organizationId)) return "postponed";
      return request ? decideAndAbsorb(unit.ledger(organizationId), request, now, decided) : "current";
    });
    const sealed = groupByVersion(await unit.save(decided));
    return decisions.map((decision) => toOutcome(decision, sealed));
  });
}

/** Records everything that is due; returns the organizations for which more is due than one batch takes. */
async function bringUpToDate(unit: LedgerUnit, now: Time, decided: Changes[]): Promise<ReadonlySet<string>> {
  const due = [...unit.ledgers.values()].filter(({ account }) => isDue(account.nextDueTime, now));
  if (due.length === 0) return new Set();
  const organizationIds = due.map(({ account }) => account.organizationId);
  const partial = await unit.loadDue(organizationIds, now, DUE_HOLDS_MAX);
  const nextHolds = await unit.nextHoldExpiry(organizationIds, now);
  for (const ledger of due) {
    const { organizationId } = ledger.account;
    const at = laterOf(now, ledger.account.updateTime);
    const changes = recordDue(ledger, at, partial.get(organizationId));
    ledger.absorb(changes);
    if (changes.transactions.length > 0) decided.push(changes);
    const next = earlierOf(nextHolds.get(organizationId), nextDueTime(ledger, at));
    ledger.account = { ...ledger.account, nextDueTime: partial.has(organizationId) ? at : next };
  }
  return new Set(partial.keys());
}

function decideAndAbsorb(ledger: Ledger, request: Request, now: Time, decided: Changes[]): Decision {
  const clock = { now: laterOf(now, ledger.account.updateTime), newId: uuidv7 };
  const decision = decide(ledger, request, clock);
  if (decision.outcome === "accepted") {
    ledger.absorb(decision.changes);
    decided.push(decision.changes);
  }
  return decision;
}

type Sealed = ReadonlyMap<string, SealedTransaction>;

function toOutcome(decision: Decision | "current" | "postponed", sealed: Sealed): Outcome {
  if (typeof decision === "string") return { outcome: decision };
  if (decision.outcome !== "accepted") return decision;
  const { changes } = decision;
  const transactions = changes.transactions.flatMap(
    (t) => sealed.get(`${t.version} ${t.organizationId}`) ?? [],
  );
  return { outcome: "accepted", changes, transactions };
}

function groupByVersion(sealed: readonly SealedTransaction[]): Sealed {
  return new Map(
    sealed.map((transaction) => [`${transaction.version} ${transaction.organizationId}`, transaction]),
  );
}

function isDue(nextDue: Time | undefined, now: Time): boolean {
  return nextDue !== undefined && nextDue <= now;
}

function ids(items: readonly { organizationId: string }[]): readonly string[] {
  return items.map(({ organizationId }) => organizationId);
}
