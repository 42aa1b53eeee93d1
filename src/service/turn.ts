const PIECES_MIN = 16;
/** Where a turn takes long, as it does when most calls are refused, so many more for each of its milliseconds. */
const PIECES_PER_MS = 10;

/**
 * Waits for the next turn of the event loop, and tells how many pieces of work it may hold, of those that cost some 30 us
 * each. What was asked of the database comes back between two turns: were all calls and answers of a batch of 100 one
 * turn, the next batch would wait for them while the database has nothing to do.
 */
export async function nextTurn(): Promise<number> {
  const begin = performance.now();
  await new Promise((resolve) => setImmediate(resolve));
  return Math.max(PIECES_MIN, Math.round((performance.now() - begin) * PIECES_PER_MS));
}
