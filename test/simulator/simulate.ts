import { parseArgs } from "node:util";
import { stopTestCluster } from "../support/cluster.ts";
import { FAULTS } from "./faults.ts";
import { simulateService } from "./service/service-simulation.ts";
import { simulate } from "./simulation.ts";

const USAGE = `Usage:
  npm run simulate -- [--seed 1] [--seeds 1] [--operations 10000] [--fault NAME]
      Plays random lives of an organization by two models of the rules, and compares them after every step; a
      difference is shrunk to few steps, and ends with 1. So many seeds, from the first one on. With a fault, one
      of the models breaks that rule: ${Object.keys(FAULTS).join(", ")}.
  npm run simulate -- --service [--seed 1] [--seeds 1] [--operations 500]
      The same by gRPC, on servers that are restarted.
`;

const values = readOptions();

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

function readOptions() {
  try {
    const { values: given } = parseArgs({
      options: {
        seed: { type: "string", default: "1" },
        seeds: { type: "string", default: "1" },
        operations: { type: "string" },
        fault: { type: "string" },
        service: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    const { help, fault, seed, seeds, operations = "1" } = given;
    if (help) return stop(0);
    const numbers = Object.entries({ seed, seeds, operations });
    const wrong = numbers.find(([, text]) => !/^\d{1,9}$/.test(text));
    if (wrong) throw new Error(`--${wrong[0]} is no whole number: ${wrong[1]}`);
    if (fault !== undefined && !Object.hasOwn(FAULTS, fault)) throw new Error(`there is no fault ${fault}`);
    return given;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    return stop(2);
  }
}

function stop(status: number): never {
  (status === 0 ? process.stdout : process.stderr).write(USAGE);
  process.exit(status);
}
