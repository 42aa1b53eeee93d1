import { cpuOfFamily, machineTimes } from "./cpu-time.ts";
import type { Sample } from "./figure.ts";
import type { Ground } from "./ground.ts";
import type { LoadOutcome } from "./load/order.ts";

type MeteredGround = Pick<Ground, "postgresCpuMs">;

/** Reads what a run costs whom, from when it is made until it is read. */
export class Meter {
  readonly #ground: MeteredGround;
  readonly #serverPid: number | undefined;
  readonly #serverBefore: number | undefined;
  readonly #postgresBefore: number | undefined;
  readonly #machineBefore = machineTimes();

  /** Without a server, its CPU is left out. */
  constructor(ground: MeteredGround, serverPid: number | undefined) {
    this.#ground = ground;
    this.#serverPid = serverPid;
    this.#serverBefore = this.#serverCpuMs();
    this.#postgresBefore = ground.postgresCpuMs();
  }

  read({ calls, callsInAll = calls, elapsedMs, medianMs, p99Ms }: LoadOutcome, loadMs: number): Sample {
    const serverMs = difference(this.#serverCpuMs(), this.#serverBefore);
    const postgresMs = difference(this.#ground.postgresCpuMs(), this.#postgresBefore);
    const perCall = (ms: number | undefined): number | undefined => ms && (ms * 1_000) / callsInAll;
    return {
      perSecond: (calls * 1_000) / elapsedMs,
      serverMicros: perCall(serverMs),
      postgresMicros: perCall(postgresMs),
      loadMicros: perCall(loadMs),
      medianMs,
      p99Ms,
      othersShare: this.#othersShare((serverMs ?? 0) + (postgresMs ?? 0) + loadMs),
    };
  }

  /** With its workers, if it has any. */
  #serverCpuMs(): number | undefined {
    return this.#serverPid === undefined ? undefined : cpuOfFamily(this.#serverPid);
  }

  #othersShare(oursMs: number): number | undefined {
    const [before, after] = [this.#machineBefore, machineTimes()];
    if (!before || !after) return undefined;
    return Math.max(after.busyMs - before.busyMs - oursMs, 0) / (after.allMs - before.allMs);
  }
}

function difference(after: number | undefined, before: number | undefined): number | undefined {
  return after === undefined || before === undefined ? undefined : after - before;
}
