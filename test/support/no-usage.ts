import type { UsageBook } from "../../src/service/usage/usage-book.ts";

/** Where nothing is about usage; what it is asked is tested with the real one. */
export const NO_USAGE: UsageBook = {
  getRun: nothing,
  listRuns: nothing,
  queryUsage: nothing,
  explainTransaction: nothing,
};

function nothing(): never {
  throw new Error("no answer about usage was scripted");
}
