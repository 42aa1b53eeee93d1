import type { OrmSettings } from "../../../src/storage/orm.ts";

/** A server's connections in tests: few, for one PostgreSQL serves all test files. */
export function ormSettings(url: string): OrmSettings {
  return {
    url,
    connectionsMax: 6,
    lockTimeoutMs: 5_000,
    idleInTransactionTimeoutMs: 10_000,
    statementTimeoutMs: 15_000,
  };
}
