import { createOrm, type Orm } from "../../src/storage/orm.ts";
import type { Shape } from "./shape.ts";

/** What one of the processes that seed is to do: every `processes`-th organization, from `process` on. */
export type SeedOrder = Readonly<{
  url: string;
  shape: Shape;
  /** In microseconds since 1970, as text: a message has no bigint. */
  now: string;
  process: number;
  processes: number;
}>;

/** Rows that were written since the last message. */
export type SeedProgress = Readonly<{ transactions: number; reservations: number }>;

const TIMEOUT_MS = 3_600_000;

export function createSeedOrm(url: string): Orm {
  const timeouts = {
    lockTimeoutMs: TIMEOUT_MS,
    idleInTransactionTimeoutMs: TIMEOUT_MS,
    statementTimeoutMs: TIMEOUT_MS,
  };
  return createOrm({ url, connectionsMax: 1, ...timeouts });
}
