import type { DescMessage, DescMethod } from "@bufbuild/protobuf";

/** What the gate goes by, at a time in milliseconds. */
export type Pressure = Readonly<{
  now: number;
  /** Calls that the lanes have taken and refused so far. */
  taken: number;
  refused: number;
  /** The share of the time, since the last look, in which the event loop was busy. */
  utilization: number;
  /** The share of one core that this process had meanwhile. */
  cpuShare: number;
  /** How late the look itself was. */
  lagMs: number;
}>;

/** The event loop, or a machine that it shares, has little time left: what is refused late costs what could be taken. */
const BUSY_UTILIZATION = 0.5;
/**
 * A loop that lets everything wait so long, look after look, has more to read than it can: if it is this process that
 * takes the time, and not others that share its cores.
 */
const LAG_MS_MAX = 200;
const OWN_CPU_SHARE = 0.8;
const LATE_LOOKS_MAX = 5;
/** Lanes take calls in batches: what they take is told by a time of several, and by none in which they took nothing. */
const ADAPT_MS = 250;
/** More than the lanes take is let through, so that it is they who decide; so much more each time that they take all. */
const BEYOND_TAKEN = 1.15;
const GROWTH = 1.25;
const SHRINKAGE = 0.8;
/** At the least, in calls a millisecond, so that the lanes can show that they take more. */
const RATE_MIN = 0.1;
/** So much at once, in milliseconds of the rate. */
const BURST_MS = 50;
const OPEN_AFTER_MS = 1_000;

/**
 * Refuses calls before they are read, while lanes refuse some and the event loop has no time left. Refusing late
 * costs a third of a call, refusing here a tenth: what is saved goes to the calls that are taken. It lets through
 * a little more than the lanes take, whoever calls: which organization must wait is for the lanes to say.
 */
export class CallGate {
  #closed = false;
  /** Calls a millisecond. */
  #rate = 0;
  #tokens = 0;
  #filledAt = 0;
  #refusedAt = Number.NEGATIVE_INFINITY;
  #lateLooks = 0;
  /** Since when it is seen what the lanes take. */
  #from: Pressure | undefined;
  #busy = false;

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether a call that changes something is refused now. */
  refuses(now: number): boolean {
    if (!this.#closed) return false;
    this.#tokens = Math.min(this.#tokens + this.#rate * (now - this.#filledAt), this.#rate * BURST_MS + 1);
    this.#filledAt = now;
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return false;
    }
    this.#refusedAt = now;
    return true;
  }

  /** Sees how things went since the last look. */
  look(pressure: Pressure): void {
    const { now, taken, utilization, cpuShare, lagMs } = pressure;
    this.#from ??= pressure;
    this.#busy ||= utilization > BUSY_UTILIZATION;
    this.#lateLooks = lagMs > LAG_MS_MAX && cpuShare > OWN_CPU_SHARE ? this.#lateLooks + 1 : 0;
    const late = this.#lateLooks >= LATE_LOOKS_MAX;
    if (this.#closed && now - this.#refusedAt > OPEN_AFTER_MS) this.#closed = false;
    if (now - this.#from.now < ADAPT_MS || (taken === this.#from.taken && !late)) return;
    this.#adapt(this.#from, pressure, late);
    this.#from = pressure;
    this.#busy = false;
  }

  #adapt(from: Pressure, { now, taken, refused }: Pressure, late: boolean): void {
    const takenRate = (taken - from.taken) / (now - from.now);
    const lanesRefuse = refused > from.refused;
    if (!this.#closed) {
      if (late || (lanesRefuse && this.#busy)) this.#close(takenRate, now);
      return;
    }
    if (late) this.#rate *= SHRINKAGE;
    else if (lanesRefuse) this.#rate = (this.#rate + takenRate * BEYOND_TAKEN) / 2;
    else this.#rate *= GROWTH;
    this.#rate = Math.max(this.#rate, RATE_MIN);
  }

  #close(takenRate: number, now: number): void {
    this.#closed = true;
    this.#rate = Math.max(takenRate * BEYOND_TAKEN, RATE_MIN);
    this.#tokens = 0;
    this.#filledAt = now;
    this.#refusedAt = now;
  }
}

/** Whether calls of a method go through a lane and can be refused for that: they change something of an organization. */
export function isMutation({ input }: DescMethod): boolean {
  return hasRequestId(input) || input.fields.some(({ message }) => message?.fields.some(isRequest));
}

function isRequest({ message }: DescMessage["fields"][number]): boolean {
  return message !== undefined && hasRequestId(message);
}

function hasRequestId({ field }: DescMessage): boolean {
  return field.requestId !== undefined && field.organizationId !== undefined;
}
