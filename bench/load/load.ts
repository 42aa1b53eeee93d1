import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { LoadMessage, LoadOrder, LoadReport } from "./order.ts";

const PROCESS = fileURLToPath(new URL("load-process.ts", import.meta.url));
/** Calls in flight at the end, and the start of a process on a busy machine. */
const GRACE_MS = 30_000;

/** Processes that have done a run, for the next one: a new one would compile its code beside what it measures. */
const idle = new Set<ChildProcess>();

/** A load process that is connected and waits for its start. */
export class LoadRun {
  readonly #child: ChildProcess;
  readonly #order: LoadOrder;

  private constructor(child: ChildProcess, order: LoadOrder) {
    this.#child = child;
    this.#order = order;
  }

  static async prepare(order: LoadOrder): Promise<LoadRun> {
    const run = new LoadRun(takeProcess(), order);
    const ready = run.#hear("ready");
    run.#child.send(order);
    await ready;
    return run;
  }

  async go(): Promise<LoadReport> {
    const done = this.#hear("done");
    this.#child.send("go");
    const { report } = await done;
    putProcess(this.#child);
    return report;
  }

  /** Ends the process where it does not say what is waited for. */
  #hear<Kind extends "ready" | "done">(kind: Kind): Promise<Extract<LoadMessage, { kind: Kind }>> {
    const { promise, resolve, reject } = Promise.withResolvers<Extract<LoadMessage, { kind: Kind }>>();
    const fail = (reason: string): void => {
      this.#child.kill();
      reject(new Error(`the load failed: ${reason}`));
    };
    const timeout = setTimeout(() => fail("it does not answer"), this.#order.durationMs + GRACE_MS);
    const onExit = (): void => fail("its process ended");
    this.#child.once("exit", onExit);
    this.#child.once("message", (message: LoadMessage) => {
      clearTimeout(timeout);
      this.#child.off("exit", onExit);
      if (message.kind === kind) resolve(message as Extract<LoadMessage, { kind: Kind }>);
      else fail(message.kind === "failed" ? message.reason : `it said ${message.kind}`);
    });
    return promise;
  }
}

function takeProcess(): ChildProcess {
  const [known] = idle;
  if (known === undefined) return forkProcess();
  idle.delete(known);
  known.ref();
  known.channel?.ref();
  return known;
}

function forkProcess(): ChildProcess {
  const child = fork(PROCESS);
  child.once("exit", () => idle.delete(child));
  // What it is told when it has just ended; that it has ended is heard by its exit.
  child.on("error", () => undefined);
  return child;
}

/** It ends when this process does. */
function putProcess(child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
  idle.add(child);
}
