import type { WatchedState } from "../domain/alerts/watched-state.ts";
import type { Account } from "../domain/ledger/account.ts";
import { opensOrganization, type Request } from "../domain/ledger/command.ts";
import type { Cycles } from "../domain/ledger/cycle.ts";
import { decide } from "../domain/ledger/decide.ts";
import type { Decision, Plans } from "../domain/ledger/decision.ts";
import { nextDueTime, recordDue } from "../domain/ledger/due.ts";
import type { Changes, Ledger } from "../domain/ledger/ledger.ts";
import type { RateCards } from "../domain/ledger/model-call.ts";
import type { Refusal } from "../domain/ledger/refusal.ts";
import type { SealedTransaction } from "../domain/ledger/transaction.ts";
import type { Calendar } from "../domain/plans/calendar.ts";
import { earlierOf, laterOf, type Time } from "../domain/time.ts";
import { allOf } from "../storage/database-transaction.ts";
import { LedgerUnit } from "../storage/ledger-unit.ts";
import type { ClockSource, OrganizationClock } from "../storage/organization-clock.ts";
import type { Orm } from "../storage/orm.ts";
import { judgeChanges } from "./alerting.ts";
import type { CatalogueHistory } from "./catalogue-history.ts";
import { namedBy } from "./named.ts";
import { newId } from "./new-id.ts";
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
/** So many boundaries are recorded by one batch, about, and so many of one organization: a year in three pieces. */
const BOUNDARIES_MAX = 500;
const BOUNDARIES_OF_ONE_MAX = 5;

/** What batches are committed with. */
export type BatchGround = Readonly<{
  orm: Orm;
  calendar: Calendar;
  catalogues: CatalogueHistory;
  clocks: ClockSource;
  /** Absent: nothing is priced. */
  shelf?: RateCardShelf;
  /** Hears, after the commit, how the organizations that changed are now. */
  committed?: (changes: Committed) => void;
}>;

/** A batch in the making. */
type Batch = Readonly<{
  unit: LedgerUnit;
  ground: BatchGround;
  clock: OrganizationClock;
  decided: Changes[];
}>;

const CURRENT: Outcome = { outcome: "current" };
const POSTPONED: Outcome = { outcome: "postponed" };

/**
 * The one place where the ledger is written: locks the organizations, records what
 * is due, decides the items one after the other on the state in memory, writes
 * everything and commits once. Outcomes are in the order of the items.
 */
export async function commitBatch(
  ground: BatchGround,
  items: readonly BatchItem[],
): Promise<readonly Outcome[]> {
  const written = await LedgerUnit.run(ground.orm, (unit) => writeBatch(unit, ground, items));
  const { outcomes, states, alerted } = written;
  if (states.length > 0) ground.committed?.({ states, alerted });
  return outcomes;
}

async function writeBatch(
  unit: LedgerUnit,
  ground: BatchGround,
  items: readonly BatchItem[],
): Promise<Committed & Readonly<{ outcomes: readonly Outcome[] }>> {
  const requests = items.flatMap(({ request }) => request ?? []);
  const opening = requests.filter(({ command }) => opensOrganization(command));
  const named = namedBy(requests);
  const locked = unit.lock(ids(items), ids(opening));
  // Whoever is decided by them waits for the lock first; the others ask for everything in one round trip.
  if (named.catalogue) await locked.then(() => unit.lockCatalogue());
  const loadRateCards = await holdRateCards(unit, requests, locked, ground.shelf);
  const [, clock] = await allOf([locked, unit.clock(ground.clocks), unit.load(named)]);
  const batch = { unit, ground, clock, decided: [] as Changes[] };
  const rateCards = await loadRateCards(batch.clock);
  const plans = named.catalogue ? await plansOfNow(batch) : undefined;
  const unready = await bringUpToDate(batch);
  const decisions = items.map(({ organizationId, request }) => {
    const outcome = unready.get(organizationId);
    if (outcome || !request) return outcome ?? CURRENT;
    return decideAndAbsorb(batch, request, { plans, rateCards });
  });
  const sealed = groupByVersion(await unit.save(batch.decided));
  const outcomes = decisions.map((decision) => toOutcome(decision, sealed));
  const changed = new Set(batch.decided.map(({ account }) => account.organizationId));
  const states = [...changed].map((organizationId) => unit.watchedState(organizationId));
  return { outcomes, states, alerted: unit.alerts.alerted };
}

/** The catalogue stays as it is until the batch is committed. */
async function plansOfNow({ unit, ground: { calendar, catalogues } }: Batch): Promise<Plans> {
  await unit.lockCatalogue();
  await catalogues.refresh((version) => unit.cataloguesAfter(version));
  return { calendar, catalogueAt: catalogues.at };
}

/** Records everything that is due; returns what becomes of organizations that are not ready for requests then. */
async function bringUpToDate(batch: Batch): Promise<ReadonlyMap<string, Outcome>> {
  const { unit, clock, decided } = batch;
  const unready = new Map<string, Outcome>();
  const due = [...unit.ledgers.values()].filter(({ account }) => isDue(account, clock));
  if (due.length === 0) return unready;
  const times = new Map(due.map(({ account }) => [account.organizationId, timeOf(account, clock)]));
  const cycles = await cyclesOf(batch, due);
  const partial = await unit.loadDue(times, Math.ceil(DUE_HOLDS_MAX / due.length));
  const nextHolds = await unit.nextHoldExpiry(times);
  for (const ledger of due) {
    const { organizationId } = ledger.account;
    const at = timeOf(ledger.account, clock);
    const changes = attempt(() => recordDue(ledger, at, partial.get(organizationId), cycles));
    if ("error" in changes) {
      unready.set(organizationId, changes);
      continue;
    }
    ledger.absorb(changes);
    if (changes.transactions.length > 0) decided.push(changes);
    const next = earlierOf(nextHolds.get(organizationId), nextOf(ledger, at));
    const more = partial.has(organizationId) || (next !== undefined && next <= at);
    judgeChanges(unit, changes, more);
    ledger.account = { ...ledger.account, nextDueTime: more ? at : next };
    if (more) unready.set(organizationId, POSTPONED);
  }
  return unready;
}

/** What the boundaries need that are due now, if there are any. */
async function cyclesOf(batch: Batch, due: readonly Ledger[]): Promise<Cycles | undefined> {
  const turning = due.filter(
    ({ account }) => account.cycle && account.cycle.endTime <= timeOf(account, batch.clock),
  );
  if (turning.length === 0) return undefined;
  const plans = await plansOfNow(batch);
  await batch.unit.loadSubscriptions(turning.map(({ account }) => account.organizationId));
  const share = Math.max(Math.floor(BOUNDARIES_MAX / turning.length), 1);
  return { ...plans, newId, max: Math.min(share, BOUNDARIES_OF_ONE_MAX) };
}

/** When something next falls due. A subscription need not be at hand; its cycle is. */
function nextOf(ledger: Ledger, at: Time): Time | undefined {
  return earlierOf(ledger.account.cycle?.endTime, nextDueTime(ledger, at));
}

function decideAndAbsorb(
  { unit, clock, decided }: Batch,
  request: Request,
  { plans, rateCards }: Readonly<{ plans: Plans | undefined; rateCards: RateCards | undefined }>,
): Decision | Outcome {
  const ledger = unit.ledger(request.organizationId);
  const now = timeOf(ledger.account, clock);
  const at = { now, newId, ...(plans && { plans }), ...(rateCards && { rateCards }) };
  const decision = attempt(() => decide(ledger, request, at));
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
function timeOf({ organizationId, updateTime }: Account, clock: OrganizationClock): Time {
  return laterOf(clock(organizationId), updateTime);
}

function isDue(account: Account, clock: OrganizationClock): boolean {
  return account.nextDueTime !== undefined && account.nextDueTime <= timeOf(account, clock);
}

function ids(items: readonly { organizationId: string }[]): readonly string[] {
  return items.map(({ organizationId }) => organizationId);
}
