import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Case, CaseResult } from "./case.ts";
import { CASES } from "./cases.ts";
import { Ground } from "./ground.ts";
import { describeMachine, type Machine, machineText } from "./machine.ts";
import { mismatchesOf, resultText } from "./report.ts";

const RESULTS = fileURLToPath(new URL("results/", import.meta.url));
const ROUNDS_DEFAULT = "3";
const TRANSACTIONS_DEFAULT = "10000000";
/** With fewer, nothing is deep. */
const TRANSACTIONS_MIN = 10_000;
const USAGE = `npm run bench -- [--full] [--only NAME] [--rounds N] [--transactions N]

--transactions: how many the ledgers hold that cases of growth are measured on (${TRANSACTIONS_DEFAULT}, which
takes some hours and 60 GB of disk; 200000 shows within minutes that all of it works)

${CASES.map(({ name, title, long }) => `  ${name}${long ? " (with --full)" : ""}: ${title}`).join("\n")}
`;

type Run = Readonly<{ chosen: readonly Case[]; rounds: number; transactions: number }>;

function readArguments(): Run | undefined {
  const { values } = parseArgs({
    options: {
      full: { type: "boolean", default: false },
      only: { type: "string", multiple: true },
      rounds: { type: "string", default: ROUNDS_DEFAULT },
      transactions: { type: "string", default: TRANSACTIONS_DEFAULT },
      help: { type: "boolean", default: false },
    },
  });
  const { full, only, help } = values;
  const chosen = CASES.filter(({ name, long }) => (only ? only.includes(name) : full || !long));
  const rounds = Number(values.rounds);
  const transactions = Number(values.transactions);
  const isValid = chosen.length > 0 && rounds >= 1 && transactions >= TRANSACTIONS_MIN;
  return help || !isValid ? undefined : { chosen, rounds, transactions };
}

/** Returns how many results cannot be relied on. */
async function run({ chosen, rounds, transactions }: Run, ground: Ground): Promise<number> {
  const machine = await describeMachine();
  console.log(
    `${machineText(machine)}\nmedians of ${rounds} interleaved runs; us and ms are CPU a call and time a call\n`,
  );
  const results: Record<string, CaseResult> = {};
  let mismatches = 0;
  for (const each of chosen) {
    const result = await each.run(ground);
    await ground.clear();
    results[each.name] = result;
    mismatches += mismatchesOf(result.checked);
    console.log(resultText(each, result));
  }
  console.log(`written to ${await save({ machine, rounds, transactions, results })}`);
  return mismatches;
}

type Saved = Readonly<{
  machine: Machine;
  rounds: number;
  /** Of the ledgers that growth is measured on. */
  transactions: number;
  results: Readonly<Record<string, CaseResult>>;
}>;

async function save(saved: Saved): Promise<string> {
  await mkdir(RESULTS, { recursive: true });
  const time = new Date().toISOString();
  const path = `${RESULTS}${time.replaceAll(/[:.]/g, "-")}.json`;
  await writeFile(path, `${JSON.stringify({ time, ...saved }, undefined, 2)}\n`);
  return path;
}

const asked = readArguments();
if (!asked) {
  console.log(USAGE);
  process.exit(1);
}
const ground = new Ground(asked);
let interrupted = false;
// Ctrl-C must leave neither a server nor data behind; what it breaks in the run is no news.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    interrupted = true;
    void ground.end().finally(() => process.exit(1));
  });
}
try {
  process.exitCode = (await run(asked, ground)) === 0 ? 0 : 1;
} catch (error) {
  if (!interrupted) console.error(error);
  process.exitCode = 1;
} finally {
  await ground.end();
}
