import { parseArgs } from "node:util";
import { FAULTS } from "./faults.ts";
import { simulate } from "./simulation.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string", default: "1" },
    operations: { type: "string", default: "10000" },
    fault: { type: "string" },
  },
});

const first = Number(values.seed);
const fault = values.fault === undefined ? undefined : FAULTS[values.fault];
if (values.fault !== undefined && !fault) throw new Error(`faults are ${Object.keys(FAULTS).join(", ")}`);

const begin = performance.now();
let steps = 0;
const outcomes = new Map<string, number>();
for (let seed = first; seed < first + Number(values.seeds); seed += 1) {
  const run = simulate(seed, Number(values.operations), fault);
  steps += run.steps;
  for (const [name, count] of run.outcomes) outcomes.set(name, (outcomes.get(name) ?? 0) + count);
  if (run.failure) {
    const { error, script, step } = run.failure;
    process.stdout.write(`seed ${seed}, step ${step}: ${error.message}\n`);
    process.stdout.write(`shrunk to ${script.steps.length} steps from ${script.start}:\n`);
    for (const shrunk of script.steps) process.stdout.write(`  ${JSON.stringify(shrunk)}\n`);
    process.exitCode = 1;
    break;
  }
}

const seconds = (performance.now() - begin) / 1_000;
for (const [name, count] of [...outcomes].sort())
  process.stdout.write(`${String(count).padStart(9)}  ${name}\n`);
process.stdout.write(`${steps} steps, ${Math.round(steps / seconds)} a second\n`);
