import { failureOf } from "./episode.ts";
import type { Fault } from "./machine.ts";
import type { Script, Step } from "./step.ts";

/** Leaves out steps, in halves, quarters and so on, as long as the script still fails. */
export function shrink(script: Script, fault?: Fault): Script {
  let { steps } = script;
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < steps.length; ) {
      const shorter: readonly Step[] = steps.toSpliced(at, size);
      if (failureOf({ ...script, steps: shorter }, fault)) steps = shorter;
      else at += size;
    }
  }
  return { ...script, steps };
}
