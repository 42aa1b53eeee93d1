import { v7 as uuidv7 } from "uuid";
import type { WatchedState } from "../domain/alerts/watched-state.ts";
import type { Account } from "../domain/ledger/account.ts";
import type { Request } from "../domain/ledger/command.ts";
import { decide } from "../domain/ledger/decide.ts";
import type { Decision } from "../domain/ledger/decision.ts";
import { nextDueTime, recordDue } from "../domain/ledger/due.ts";
import type { Changes } from "../domain/ledger/ledger.ts";
import type { RateCards } from "../domain/ledger/model-call.ts";
import type { Refusal } from "../domain/ledger/refusal.ts";
import type { SealedTransaction } from "../domain/ledger/transaction.ts";
import { earlierOf, laterOf, type Time } from "../domain/time.ts";
import { LedgerUnit } from "../storage/ledger-unit.ts";
import type { Orm } from "../storage/orm.ts";
import { judgeChanges } from "./alerting.ts";
import { namedBy } from "./named.ts";
import { holdRateCards } from "./pricing/batch-rate-cards.ts";
import type { RateCardShelf } from "./pricing/rate-card-shelf.ts";

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
  | Readonly<{ outcome: "postponed" }>
  /** A rule that must hold was broken; nothing of the item was done, and the others are not touched by it. */
  | Readonly<{ outcome: "failed"; error: unknown }>;

/** What a batch changed, for those who watch. */
export type Committed = Readonly<{ states: readonly WatchedState[]; alerted: boolean }>;

/** So many due holds are returned by one batch, about; its organizations share them. */
const DUE_HOLDS_MAX = 500;

const CURRENT: Outcome = { outcome: "current" };
const POSTPONED: Outcome = { outcome: "postponed" };

/**
 * The one place where the ledger is written: locks the organizations, records what
 * is due, decides the items one after the other on the state in memory, writes
 * everything and commits once. Outcomes are in the order of the items. `committed`
 * hears, after the commit, how the organizations that changed are now.
 */
export async function commitBatch(
  orm: Orm,
  items: readonly BatchItem[],
  shelf?: RateCardShelf,
  committed: (changes: Committed) => void = () => undefined,
): Promise<readonly Outcome[]> {
  const { outcomes, states, alerted } = await LedgerUnit.run(orm, (unit) => writeBatch(unit, items, shelf));
  if (states.length > 0) committed({ states, alerted });
  return outcomes;
}

async function writeBatch(
  unit: LedgerUnit,
  items: readonly BatchItem[],
  shelf: RateCardShelf | undefined,
): Promise<Committed & Readonly<{ outcomes: readonly Outcome[] }>> {
  const requests = items.flatMap(({ request }) => request ?? []);
  const opening = requests.filter(({ command }) => command.kind === "createGrant");
  await unit.lock(ids(items), ids(opening));
  const loadRateCards = await holdRateCards(unit, requests, shelf);
  const now = await unit.clock();
  await unit.load(namedBy(requests));
  const rateCards = await loadRateCards(now);
  const decided: Changes[] = [];
  const unready = await bringUpToDate(unit, now, decided);
  const decisions = items.map(({ organizationId, request }) => {
    const outcome = unready.get(organizationId);
    if (outcome || !request) return outcome ?? CURRENT;
    return decideAndAbsorb(unit, request, { now, rateCards }, decided);
  });
  const sealed = groupByVersion(await unit.save(decided));
  const outcomes = decisions.map((decision) => toOutcome(decision, sealed));
  const changed = new Set(decided.map(({ account }) => account.organizationId));
  const states = [...changed].map((organizationId) => unit.watchedState(organizationId));
  return { outcomes, states, alerted: unit.alerts.alerted };
}

/** Records everything that is due; returns what becomes of organizations that are not ready for requests then. */
async function bringUpToDate(
  unit: LedgerUnit,
  now: Time,
  decided: Changes[],
): Promise<ReadonlyMap<string, Outcome>> {
  const unready = new Map<string, Outcome>();
  const due = [...unit.ledgers.values()].filter(({ account }) => isDue(account, now));
  if (due.length === 0) return unready;
  const times = new Map(due.map(({ account }) => [account.organizationId, timeOf(account, now)]));
  const partial = await unit.loadDue(times, Math.ceil(DUE_HOLDS_MAX / due.length));
  const nextHolds = await unit.nextHoldExpiry(times);
  for (const ledger of due) {
    const { organizationId } = ledger.account;
    const at = timeOf(ledger.account, now);
    const changes = attempt(() => recordDue(ledger, at, partial.get(organizationId)));
    if ("error" in changes) {
      unready.set(organizationId, changes);
      continue;
    }
    ledger.absorb(changes);
    if (changes.transactions.length > 0) decided.push(changes);
    judgeChanges(unit, changes, partial.has(organizationId));
    const next = earlierOf(nextHolds.get(organizationId), nextDueTime(ledger, at));
    ledger.account = { ...ledger.account, nextDueTime: partial.has(organizationId) ? at : next };
    if (partial.has(organizationId)) unready.set(organizationId, POSTPONED);
  }
  return unready;
}

function decideAndAbsorb(
  unit: LedgerUnit,
  request: Request,
  { now, rateCards }: Readonly<{ now: Time; rateCards: RateCards | undefined }>,
  decided: Changes[],
): Decision | Outcome {
  const ledger = unit.ledger(request.organizationId);
  const at = { now: timeOf(ledger.account, now), newId: uuidv7 };
  const clock = rateCards === undefined ? at : { ...at, rateCards };
  const decision = attempt(() => decide(ledger, request, clock));
  if (decision.outcome === "accepted") {
    ledger.absorb(decision.changes);
    decided.push(decision.changes);
    judgeChanges(unit, decision.changes, false);
  }
  return decision;
}

/** Deciding changes nothing until it is absorbed, so what throws there fails alone. */
function attempt<T extends object>(work: () => T): T | Readonly<{ outcome: "failed"; error: unknown }> {
  try {
    return work();
  } catch (error) {
    return { outcome: "failed", error };
  }
}

type Sealed = ReadonlyMap<string, SealedTransaction>;

function toOutcome(decision: Decision | Outcome, sealed: Sealed): Outcome {
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

/** R-BAL-5: the later of the database's clock and the organization's last change. */
function timeOf({ updateTime }: Account, now: Time): Time {
  return laterOf(now, updateTime);
}

function isDue(account: Account, now: Time): boolean {
  return account.nextDueTime !== undefined && account.nextDueTime <= timeOf(account, now);
}

function ids(items: readonly { organizationId: string }[]): readonly string[] {
  return items.map(({ organizationId }) => organizationId);
}
