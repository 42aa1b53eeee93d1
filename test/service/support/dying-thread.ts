import { parentPort } from "node:worker_threads";
import "../../../src/service/commit/commit-thread-main.ts";

/** A thread that commits batches and dies of every fourth message: before the batch, in the middle of it, or after. */
let messages = 0;
parentPort?.on("message", () => {
  messages += 1;
  if (messages === 4) setTimeout(() => process.exit(1), Math.random() * 6);
});
