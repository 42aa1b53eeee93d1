import { parseArgs } from "node:util";
import { stopTestCluster } from "../support/cluster.ts";
import { FAULTS } from "./faults.ts";
import { simulateService } from "./service/service-simulation.ts";
import { simulate } from "./simulation.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string", default: "1" },
    operations: { type: "string" },
    fault: { type: "string" },
    service: { type: "boolean", default: false },
  },
});

const begin = performance.now();
const asked = { seed: Number(values.seed), seeds: Number(values.seeds) };
const steps = values.service
  ? await runOnService(Number(values.operations ?? 500))
  : runOnDomain(Number(values.operations ?? 10_000));
const seconds = (performance.now() - begin) / 1_000;
tell(`${steps} steps, ${Math.round(steps / seconds)} a second`);

/** On PostgreSQL, by gRPC; see `service/`. */
async function runOnService(operations: number): Promise<number> {
  const run = await simulateService({ ...asked, operations, tell });
  await stopTestCluster();
  tell(`${asked.seeds} seeds, ${run.restarts} restarts, ${run.failures.length} failures`);
  if (run.failures.length > 0) process.exitCode = 1;
  return run.steps;
}

function runOnDomain(operations: number): number {
  const fault = values.fault === undefined ? undefined : FAULTS[values.fault];
  if (values.fault !== undefined && !fault) throw new Error(`faults are ${Object.keys(FAULTS).join(", ")}`);
  let played = 0;
  const outcomes = new Map<string, number>();
  for (let seed = asked.seed; seed < asked.seed + asked.seeds; seed += 1) {
    const run = simulate(seed, operations, fault);
    played += run.steps;
    for (const [name, count] of run.outcomes) outcomes.set(name, (outcomes.get(name) ?? 0) + count);
    if (run.failure) {
      const { error, script, step } = run.failure;
      tell(`seed ${seed}, step ${step}: ${error.message}`);
      tell(`shrunk to ${script.steps.length} steps from ${script.start}:`);
      for (const shrunk of script.steps) tell(`  ${JSON.stringify(shrunk)}`);
      process.exitCode = 1;
      break;
    }
  }
  for (const [name, count] of [...outcomes].sort()) tell(`${String(count).padStart(9)}  ${name}`);
  return played;
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}
