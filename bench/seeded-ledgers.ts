import { createTestDatabase, type TestDatabase } from "../test/support/database.ts";
import { seedDatabase } from "./seed/seed.ts";
import { organizationCount, type Shape } from "./seed/shape.ts";
import { sizesText } from "./sizes.ts";

const TELL_MS = 10_000;

/** Ledgers that were filled in this run; they are gone with its PostgreSQL. */
export class SeededLedgers {
  readonly #filled = new Map<string, Promise<TestDatabase>>();
  readonly #abort = new AbortController();

  /** The ledger of this shape, filled by whoever asks first. */
  get(shape: Shape): Promise<TestDatabase> {
    const key = JSON.stringify(shape);
    const filled = this.#filled.get(key) ?? fill(shape, this.#abort.signal);
    this.#filled.set(key, filled);
    return filled;
  }

  /** Ends the filling that is under way. */
  abort(): void {
    this.#abort.abort();
  }
}

async function fill(shape: Shape, signal: AbortSignal): Promise<TestDatabase> {
  const database = await createTestDatabase();
  const what = shapeText(shape);
  console.log(`filling ${what}`);
  const begin = performance.now();
  let toldAt = begin;
  const seeded = await seedDatabase(
    database.url,
    shape,
    ({ transactions, reservations }) => {
      const now = performance.now();
      if (now - toldAt < TELL_MS) return;
      toldAt = now;
      const rate = Math.round(((transactions + reservations) * 1_000) / (now - begin));
      console.log(`  ${numberText(transactions)} transactions, ${numberText(rate)} rows a second`);
    },
    signal,
  );
  const { organizations, transactions, reservations, elapsedMs } = seeded;
  const rate = Math.round(((transactions + reservations) * 1_000) / elapsedMs);
  console.log(
    `  ${numberText(organizations)} organizations, ${numberText(transactions)} transactions, ` +
      `${numberText(reservations)} reservations in ${Math.round(elapsedMs / 1_000)} s, with indexes, statistics ` +
      `and a checkpoint: ${numberText(rate)} rows a second`,
  );
  console.log(await sizesText(database.url));
  return database;
}

/** A shape in words. */
export function shapeText(shape: Shape): string {
  const { kind, transactions, requestIds } = shape;
  const whose = kind === "one" ? "one organization" : `${numberText(organizationCount(shape))} organizations`;
  const ids = requestIds === "v4" ? ", random request ids" : "";
  return `a ledger of ${whose} with ${numberText(transactions)} transactions${ids}`;
}

function numberText(value: number): string {
  return value.toLocaleString("en");
}
