import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { follow } from "./follow.ts";
import { settleTables, withoutIndexes } from "./indexes.ts";
import { storeRulebook } from "./rulebook.ts";
import { createSeedOrm, type SeedOrder, type SeedProgress } from "./seed-order.ts";
import { organizationCount, type Shape } from "./shape.ts";

const PROCESS = fileURLToPath(new URL("seed-process.ts", import.meta.url));
const MICROS_PER_MILLI = 1_000n;

export type Seeded = Readonly<{
  organizations: number;
  transactions: number;
  reservations: number;
  /** Until indexes are made and the tables settled. */
  elapsedMs: number;
}>;

/**
 * Fills a migrated, empty database with honest rows: each life is decided by the domain, chained by the real hashes,
 * and copied through the columns that the service writes. The rows of an organization lie together, as they don't
 * where organizations were busy at the same time. The signal ends it in the middle.
 */
export async function seedDatabase(
  url: string,
  shape: Shape,
  onProgress: (written: SeedProgress) => void,
  signal?: AbortSignal,
): Promise<Seeded> {
  const begin = performance.now();
  const now = BigInt(Date.now()) * MICROS_PER_MILLI;
  const orm = createSeedOrm(url);
  await storeRulebook(orm, now).finally(() => orm.close(true));
  const organizations = organizationCount(shape);
  const written = { transactions: 0, reservations: 0 };
  const add = ({ transactions, reservations }: SeedProgress): void => {
    written.transactions += transactions;
    written.reservations += reservations;
    onProgress(written);
  };
  const processes = Math.min(availableParallelism(), organizations);
  await withoutIndexes(url, keptIndexes(shape), async () => {
    const order = { url, shape, now: String(now), processes };
    const shares = Array.from({ length: processes }, (_, process) =>
      seedShare({ ...order, process }, add, signal),
    );
    await Promise.all(shares);
  });
  await settleTables(url);
  const follower = createSeedOrm(url);
  await follow(follower).finally(() => follower.close(true));
  await settleTables(url);
  return { organizations, ...written, elapsedMs: performance.now() - begin };
}

/** Made at once, an index of random ids would be as dense as one of ordered ids; it is not where it has grown. */
function keptIndexes({ requestIds }: Shape): readonly string[] {
  return requestIds === "v4" ? ["transactions_request_once"] : [];
}

function seedShare(
  order: SeedOrder,
  onProgress: (progress: SeedProgress) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const child = fork(PROCESS, signal ? { signal } : {});
  child.on("message", onProgress);
  child.send(order);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`a process that seeds ended with ${code}`));
    });
  });
}
