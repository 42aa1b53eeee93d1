import { addCosts, otherCosts } from "../../domain/usage/run-costs.ts";
import { addUsage, consumedMicros, NO_USAGE } from "../../domain/usage/usage.ts";
import { databaseFaultOf } from "../../storage/database-fault.ts";
import type { LedgerReader } from "../../storage/ledger-reader.ts";
import type { Orm } from "../../storage/orm.ts";
import type { RunQuery } from "../../storage/usage/run-list.ts";
import type { Behind } from "../../storage/usage/usage-cursors.ts";
import { UsageSnapshot } from "../../storage/usage/usage-snapshot.ts";
import type { PageRequest } from "../credit-ledger.ts";
import { list } from "../listing.ts";
import type { OrganizationReading } from "../organization-reading.ts";
import type { RateCardShelf } from "../pricing/rate-card-shelf.ts";
import { ServiceError } from "../service-error.ts";
import { explainTransaction } from "./explaining.ts";
import type { Run, RunFilter, UsageBook, UsageQuery } from "./usage-book.ts";

/** Of a run's nodes, and of its models, so many are told apart. */
const PARTS_MAX = 1_000;
/**
 * Runs that a run led to, of which so many are looked at. Measured with 50,000 reservations of
 * 10,000 runs, in 100,000 transactions: 0.5 to 0.9 s.
 */
const DESCENDANTS_MAX = 10_000;
/** What a run consumed, which may be below zero, and its first version. */
const RUN_KEY = /^(-?\d{1,38}) ([1-9]\d{0,17})$/;

type Parts = Readonly<{
  orm: Orm;
  reader: LedgerReader;
  shelf: RateCardShelf;
  reading: OrganizationReading;
  /** Hears of organizations of which something is left to be summed up. */
  onTail: (behind: Behind) => void;
  /** The longest that one statement of a question may take. */
  statementTimeoutMs: number;
}>;

/** Usage as PostgreSQL has it, each answer from one snapshot. */
export class UsageService implements UsageBook {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  getRun(organizationId: string, runId: string): ReturnType<UsageBook["getRun"]> {
    return this.#read(organizationId, async (snapshot) => {
      const run = await snapshot.run(runId);
      const found = await snapshot.descendants(runId, DESCENDANTS_MAX);
      if (run === undefined && found.length === 0)
        return { refusal: { reason: "RUN_NOT_FOUND", organizationId, runId } };
      const { all: own, nodes, models } = await snapshot.costs([runId], PARTS_MAX);
      const looked = found.slice(0, DESCENDANTS_MAX);
      const { all: descendants } = await snapshot.costs(looked, 1);
      const costs = ({ costs: each }: (typeof nodes | typeof models)[number]) => each;
      return {
        value: {
          run: run ?? { runId, sums: NO_USAGE },
          own,
          descendants,
          total: addCosts(own, descendants),
          nodes,
          otherNodes: otherCosts(own, nodes.map(costs)),
          models,
          otherModels: otherCosts(own, models.map(costs)),
          descendantCount: looked.length,
          descendantsCut: found.length > looked.length,
        },
      };
    });
  }

  listRuns(organizationId: string, filter: RunFilter, page: PageRequest): ReturnType<UsageBook["listRuns"]> {
    return this.#read(organizationId, (snapshot) =>
      list({
        query: ["runs", organizationId, filter],
        page,
        keyOf: ({ sums, firstVersion }) => `${consumedMicros(sums)} ${firstVersion}`,
        isKey: (key) => RUN_KEY.test(key),
        select: (after, limit) => selectRuns(snapshot, filter, after, limit),
      }),
    );
  }

  queryUsage(organizationId: string, query: UsageQuery): ReturnType<UsageBook["queryUsage"]> {
    return this.#read(organizationId, async (snapshot) => {
      const report = await snapshot.usage(query);
      const groups = [...report.groups, ...report.rest];
      const total = groups.reduce((sum, group) => addUsage(sum, group.sums), NO_USAGE);
      return { value: { ...report, total } };
    });
  }

  explainTransaction(organizationId: string, version: bigint): ReturnType<UsageBook["explainTransaction"]> {
    const { reader, shelf, reading } = this.#parts;
    return reading.read(organizationId, async () => {
      const value = await explainTransaction(reader, shelf, organizationId, version);
      if (value !== undefined) return { value };
      return { refusal: { reason: "TRANSACTION_NOT_FOUND", organizationId, version } };
    });
  }

  /** What is due is recorded first, so that a settle is never told before an expiry that precedes it (R-BAL-4). */
  #read<T, R>(
    organizationId: string,
    select: (snapshot: UsageSnapshot) => Promise<Readonly<{ value: T }> | Readonly<{ refusal: R }>>,
  ) {
    const { orm, reading, onTail, statementTimeoutMs } = this.#parts;
    const work = (snapshot: UsageSnapshot) => {
      const { cursor, head } = snapshot;
      if (cursor < head) onTail({ organizationId, cursor, version: head });
      return select(snapshot);
    };
    return reading.read<T, R>(organizationId, () =>
      orTooSlow(() => UsageSnapshot.read(orm, organizationId, work, statementTimeoutMs)),
    );
  }
}

/**
 * How much is looked at is the caller's choice here, so that a statement which takes too long
 * says more of the question than of the database: it would take as long again.
 */
async function orTooSlow<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (databaseFaultOf(error) !== "slow") throw error;
    throw new ServiceError("QUERY_TOO_SLOW", "a statement about usage took too long", { cause: error });
  }
}

async function selectRuns(
  snapshot: UsageSnapshot,
  filter: RunFilter,
  after: string | undefined,
  limit: number,
): Promise<readonly Run[]> {
  const { startTime, endTime, ...rest } = filter;
  const query: RunQuery = {
    ...rest,
    afterVersion: startTime === undefined ? 0n : await snapshot.versionBefore(startTime),
    upToVersion: endTime === undefined ? snapshot.head : await snapshot.versionBefore(endTime),
    after: after === undefined ? undefined : keyOf(after),
    limit,
  };
  return snapshot.runs(query);
}

function keyOf(key: string): NonNullable<RunQuery["after"]> {
  const [, consumed = "0", version = "0"] = RUN_KEY.exec(key) ?? [];
  return { consumedMicros: BigInt(consumed), firstVersion: BigInt(version) };
}
