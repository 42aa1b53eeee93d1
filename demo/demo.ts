import { relative } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { v7 } from "uuid";
import { type CreditClient, createCreditClient, refusalOf } from "../src/client/client.ts";
import { type DemoArguments, parseArguments, USAGE } from "./arguments.ts";
import { creditsFromMicros } from "./credits-text.ts";
import { FieldError } from "./json-fields.ts";
import { Player, type PlayOptions } from "./player.ts";
import { planOf, Report, type Totals } from "./report.ts";
import { type Run, readRunFile } from "./run-file.ts";

/** A wrong argument or file, by the convention of command lines. */
const EXIT_USAGE = 2;

/** Said in one line, instead of a stack that would help nobody. */
class DemoError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

async function main(): Promise<void> {
  const demo = readArguments();
  const run = await readRun(demo.run);
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  const client = createCreditClient({ transport: "grpc", address: demo.address });
  try {
    await assertReachable(client, demo.address);
    const id = v7();
    await playAndReport(client, run, {
      organizationId: `${run.organization}-${id}`,
      runId: `run-${id}`,
      signal: interrupted.signal,
    });
  } catch (error) {
    throw interrupted.signal.aborted
      ? new DemoError("interrupted; what was held has been released", 130)
      : error;
  } finally {
    client.close();
  }
}

function readArguments(): DemoArguments {
  try {
    return parseArguments(process.argv.slice(2));
  } catch (error) {
    throw new DemoError(`${ConnectError.from(error).rawMessage}; usage: ${USAGE}`, EXIT_USAGE);
  }
}

async function readRun(path: string): Promise<Run> {
  try {
    return await readRunFile(path);
  } catch (error) {
    const problem = error instanceof FieldError ? error.message : ConnectError.from(error).rawMessage;
    throw new DemoError(`${relative("", path)}: ${problem}`, EXIT_USAGE);
  }
}

/** The first call retries for seconds, as it should elsewhere; whoever forgot `npm start` wants to know at once. */
async function assertReachable(client: CreditClient, address: string): Promise<void> {
  try {
    await client.credits.getBalance({ organizationId: "demo" }, { timeoutMs: 1_500 });
  } catch (error) {
    if (refusalOf(error)?.reason === "ORGANIZATION_NOT_FOUND") {
      return;
    }
    const rawMessage = ConnectError.from(error).rawMessage.replace(/\. Resolution note: *$/, "");
    throw new DemoError(
      `the service does not answer at ${address}: start it by \`npm start\`, or name its address by --address (${rawMessage})`,
    );
  }
}

async function playAndReport(client: CreditClient, run: Run, options: PlayOptions): Promise<void> {
  console.log(
    `Organization ${options.organizationId}, ${options.runId}, agent ${run.agent}. Amounts are credits.\n`,
  );
  console.log(`${planOf(run)}\n`);
  const report = new Report(run, console.log);
  for await (const step of new Player(client, run, options).play()) {
    report.add(step);
  }
  await summarize(client, options.organizationId, report.totals);
}

/** Ends with the ledger's own word, and fails if it differs from what the run saw. */
async function summarize(client: CreditClient, organizationId: string, totals: Totals): Promise<void> {
  const { balance } = await client.credits.getBalance({ organizationId });
  const leftMicros = balance?.availableMicros ?? 0n;
  const [granted, reserved, settled, released] = [
    totals.grantedMicros,
    totals.reservedMicros,
    totals.settledMicros,
    totals.releasedMicros,
  ].map(creditsFromMicros);
  console.log(
    `\nGranted ${granted}, reserved ${reserved}, settled ${settled}, released ${released}, ` +
      `refused ${totals.refusals}; left ${creditsFromMicros(leftMicros)} after ${balance?.version} changes.`,
  );
  if (leftMicros !== totals.grantedMicros - totals.settledMicros || balance?.reservedMicros !== 0n) {
    throw new DemoError("the ledger's balance is not what was granted less what was settled");
  }
  console.log(`What is left is what was granted less what was settled, and nothing is held.`);
}

try {
  await main();
} catch (error) {
  const { rawMessage, code } = ConnectError.from(error);
  const message = error instanceof DemoError ? error.message : `${rawMessage} (${Code[code]})`;
  console.error(`demo: ${message}`);
  process.exitCode = error instanceof DemoError ? error.exitCode : 1;
}
