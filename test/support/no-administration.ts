import type { AdminParts } from "../../src/rpc/admin-handlers.ts";
import { StreamLimit } from "../../src/stream/stream-limit.ts";

/** Where nothing is about verifications and exports; they are tested on a real database. */
export const NO_ADMINISTRATION: AdminParts = {
  administration: { verify: nothing, export: nothing },
  streams: new StreamLimit({ streamsMax: 1, streamsPerConnectionMax: 1 }),
  stalledMs: 1_000,
};

function nothing(): never {
  throw new Error("no answer about administration was scripted");
}
