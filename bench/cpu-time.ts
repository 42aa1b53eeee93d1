import { readdirSync, readFileSync } from "node:fs";

/** Linux counts CPU in hundredths of a second for programs, whatever its own clock does. */
const TICK_MS = 10;

type ProcessTimes = Readonly<{ parent: number; ownMs: number; endedChildrenMs: number }>;

/**
 * The CPU that a process and its children have used so far, those included that have ended, in milliseconds: of
 * PostgreSQL, all of it. Undefined where the system does not tell.
 */
export function cpuOfFamily(pid: number): number | undefined {
  const head = readTimes(pid);
  if (!head) return undefined;
  const living = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readTimes(Number(name)) ?? [])
    .filter(({ parent }) => parent === pid);
  return living.reduce((sum, { ownMs }) => sum + ownMs, head.ownMs + head.endedChildrenMs);
}

export function parentOf(pid: number): number | undefined {
  return readTimes(pid)?.parent;
}

export type MachineTimes = Readonly<{ busyMs: number; allMs: number }>;

/** What all cores did so far; what a hypervisor took away counts as busy. */
export function machineTimes(): MachineTimes | undefined {
  try {
    return parseMachineStat(readFileSync("/proc/stat", "latin1"));
  } catch {
    return undefined;
  }
}

/** proc(5), the line of all cores: user, nice, system, idle, iowait, irq, softirq, steal; guests are in user. */
export function parseMachineStat(text: string): MachineTimes {
  const ticks = (text.split("\n", 1)[0] ?? "").split(/\s+/).slice(1, 9).map(Number);
  const allMs = ticks.reduce((sum, tick) => sum + tick * TICK_MS, 0);
  const [, , , idle = 0, waiting = 0] = ticks;
  return { busyMs: allMs - (idle + waiting) * TICK_MS, allMs };
}

function readTimes(pid: number): ProcessTimes | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return undefined;
  }
}

/** proc(5): after the name, which may hold anything, come the state, the parent, and from the 12th field the times. */
export function parseStat(text: string): ProcessTimes {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const ticks = (index: number): number => Number(fields[index]) * TICK_MS;
  return { parent: Number(fields[1]), ownMs: ticks(11) + ticks(12), endedChildrenMs: ticks(13) + ticks(14) };
}
