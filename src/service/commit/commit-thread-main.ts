import { parentPort, workerData } from "node:worker_threads";
import { createOrm } from "../../storage/orm.ts";
import { RateCardStore } from "../../storage/rate-card-store.ts";
import { type BatchGround, type BatchItem, type Committed, commitBatch, type Outcome } from "../batch.ts";
import { createCalendar } from "../calendar.ts";
import { CatalogueHistory } from "../catalogue-history.ts";
import { RateCardShelf } from "../pricing/rate-card-shelf.ts";
import { toPlainError } from "./plain-error.ts";
import type {
  BatchMessage,
  CommitThreadSettings,
  FromCommitThread,
  ToCommitThread,
} from "./thread-message.ts";

/** The thread that commits batches: see `CommitThread`. */

const { database, clocks } = workerData as CommitThreadSettings;
const batchOrm = createOrm(database);
/** A batch keeps its connection while it looks for cards. */
const cardOrm = createOrm({ ...database, connectionsMax: 1 });
const ground: BatchGround = {
  orm: batchOrm,
  calendar: createCalendar(),
  catalogues: new CatalogueHistory(),
  clocks,
  shelf: new RateCardShelf(new RateCardStore(cardOrm)),
};

/** What the last batch of each lane came to: the organizations that it postponed, or undefined where it failed. */
const lanes = new Map<number, Promise<ReadonlySet<string> | undefined>>();
const POSTPONED: Outcome = { outcome: "postponed" };
const NOBODY: ReadonlySet<string> = new Set();

parentPort?.on("message", (message: ToCommitThread) => {
  if (message === "stop") void stop();
  else lanes.set(message.lane, commit(message, message.follows ? lanes.get(message.lane) : undefined));
});
tell("ready");

async function commit(
  { id, follows, items }: BatchMessage,
  before: Promise<ReadonlySet<string> | undefined> | undefined,
): Promise<ReadonlySet<string> | undefined> {
  const postponed = follows ? await before : NOBODY;
  try {
    if (postponed === undefined) throw new Error("the batch before was not committed");
    const ready = items.filter(({ organizationId }) => !postponed.has(organizationId));
    let changes: Committed | undefined;
    const writing = (): void => tell({ id, step: "writing" });
    const committed = (made: Committed): void => {
      changes = made;
    };
    const made = ready.length === 0 ? [] : await commitBatch({ ...ground, writing, committed }, ready);
    const outcomes = inPlace(items, postponed, made);
    tell({ id, step: "done", outcomes, committed: changes });
    return postponedOf(items, outcomes);
  } catch (error) {
    tell({ id, step: "failed", error: toPlainError(error) });
    return undefined;
  }
}

/** The outcomes of all items, of which some were not ready. */
function inPlace(
  items: readonly BatchItem[],
  postponed: ReadonlySet<string>,
  made: readonly Outcome[],
): readonly Outcome[] {
  const outcomes = made.values();
  return items.map(({ organizationId }) =>
    postponed.has(organizationId) ? POSTPONED : (outcomes.next().value ?? POSTPONED),
  );
}

function postponedOf(items: readonly BatchItem[], outcomes: readonly Outcome[]): ReadonlySet<string> {
  const postponed = items.filter((_, index) => outcomes[index]?.outcome === "postponed");
  return postponed.length === 0 ? NOBODY : new Set(postponed.map(({ organizationId }) => organizationId));
}

function tell(message: FromCommitThread): void {
  parentPort?.postMessage(message);
}

async function stop(): Promise<void> {
  await Promise.all([batchOrm.close(true), cardOrm.close(true)]);
  parentPort?.close();
}
