import { Worker } from "node:worker_threads";
import { databaseFaultOf } from "../../storage/database-fault.ts";
import type { Committed, Outcome } from "../batch.ts";
import type { LaneDatabase } from "../lane-recovery.ts";
import type { Committer } from "./committer.ts";
import { fromPlainError } from "./plain-error.ts";
import type {
  BatchMessage,
  CommitThreadSettings,
  FromCommitThread,
  ToCommitThread,
} from "./thread-message.ts";

const THREAD = new URL("commit-thread-main.ts", import.meta.url);

export type CommitThreadListener = Readonly<{
  /** Hears, after the commit, how the organizations that changed are now. */
  committed: (changes: Committed) => void;
  /** The thread was lost; the next batch gets another one. */
  onError: (error: unknown) => void;
}>;

type Waiting = Readonly<{
  resolve: (outcomes: readonly Outcome[]) => void;
  reject: (error: unknown) => void;
  writing: () => void;
}>;

/** Whether a batch was committed is open, as where a connection is lost. */
class ThreadLostError extends Error {
  override readonly name = "ThreadLostError";
}

/**
 * Commits batches in a thread of its own: deciding, hashing and talking to the database take about as long as it
 * takes to receive calls and answer them, and so both go on at once. Queues, admission and deadlines stay with the
 * lanes: a batch goes over as one message, and what became of it comes back as one, which costs some 3 and 13 us of
 * CPU for each of its commands.
 */
export class CommitThread implements Committer {
  readonly #file: URL;
  readonly #settings: CommitThreadSettings;
  readonly #listener: CommitThreadListener;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ready = Promise.withResolvers<void>();
  #worker: Worker | undefined;
  #lastId = 0;
  #lanes = 0;
  #stopping = false;

  /** `file`: what runs in the thread. */
  constructor(settings: CommitThreadSettings, listener: CommitThreadListener, file = THREAD) {
    this.#file = file;
    this.#settings = settings;
    this.#listener = listener;
    // Who does not wait for the start hears of it with the first batch.
    this.#ready.promise.catch(() => undefined);
  }

  start(): Promise<void> {
    this.#worker ??= this.#spawn();
    return this.#ready.promise;
  }

  lane(): LaneDatabase {
    const lane = this.#lanes;
    this.#lanes += 1;
    return {
      commit: (items, writing) => this.#commit({ lane, follows: false, items }, writing),
      commitNext: (items, writing) => this.#commit({ lane, follows: true, items }, writing),
      faultOf: (error) => (error instanceof ThreadLostError ? "away" : databaseFaultOf(error)),
    };
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const worker = this.#worker;
    if (!worker) return;
    const exited = new Promise((resolve) => worker.once("exit", resolve));
    this.#send("stop");
    await exited;
  }

  #commit(batch: Omit<BatchMessage, "id">, writing: () => void): Promise<readonly Outcome[]> {
    this.#worker ??= this.#spawn();
    this.#lastId += 1;
    const id = this.#lastId;
    // Items carry more than goes over: who waits for them.
    const items = batch.items.map(({ organizationId, request }) => ({ organizationId, request }));
    return new Promise((resolve, reject) => {
      this.#send({ ...batch, id, items });
      this.#waiting.set(id, { resolve, reject, writing });
    });
  }

  #send(message: ToCommitThread): void {
    this.#worker?.postMessage(message);
  }

  #spawn(): Worker {
    const worker = new Worker(this.#file, { name: "commit", workerData: this.#settings });
    let cause: unknown;
    worker.on("message", (message: FromCommitThread) => this.#hear(message));
    worker.on("error", (error) => {
      cause = error;
    });
    // An answer that can't be read must not be waited for.
    worker.on("messageerror", () => void worker.terminate());
    worker.once("exit", () => {
      this.#worker = undefined;
      if (!this.#stopping)
        this.#lost(new ThreadLostError("the thread that commits batches ended", { cause }));
    });
    return worker;
  }

  #hear(message: FromCommitThread): void {
    if (message === "ready") {
      this.#ready.resolve();
      return;
    }
    const waiting = this.#waiting.get(message.id);
    if (message.step === "writing") {
      waiting?.writing();
      return;
    }
    this.#waiting.delete(message.id);
    if (message.step === "failed") {
      waiting?.reject(fromPlainError(message.error));
      return;
    }
    if (message.committed) this.#listener.committed(message.committed);
    waiting?.resolve(message.outcomes);
  }

  #lost(error: ThreadLostError): void {
    this.#ready.reject(error);
    this.#listener.onError(error);
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(error);
  }
}
