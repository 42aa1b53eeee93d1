import { parseArgs } from "node:util";
import { create } from "@bufbuild/protobuf";
import {
  type LedgerHead,
  LedgerHeadSchema,
  type VerificationFinding,
  type VerificationSummary,
  type VerifyLedgerResponse,
} from "../gen/pleyor/credits/v1/admin_service_pb.ts";
import { createCreditClient } from "../src/client/client.ts";
import { verifyDatabase } from "./database-verification.ts";
import { ProgressLine } from "./progress-line.ts";

const USAGE = `Usage:
  npm run verify -- [--organization ID [--expected-head VERSION:HASH]] [--address 127.0.0.1:50051 | --database]
      Recomputes the ledger from its transactions and lists what is not as it should be. Of one organization, or of all.
      By a running service; with --database, without one: DATABASE_URL, or the embedded PostgreSQL's data.
      HASH is in hex, as this prints it of an organization.
The exit status is 0 where everything is as it should be, 1 where something is not, 2 where that could not be told.`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      organization: { type: "string", default: "" },
      "expected-head": { type: "string" },
      address: { type: "string", default: "127.0.0.1:50051" },
      database: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) throw new Error(USAGE);
  const head = values["expected-head"];
  const scope = {
    organizationId: values.organization,
    expectedHead: head === undefined ? undefined : headOf(head),
  };
  if (scope.expectedHead && scope.organizationId === "")
    throw new Error(`--expected-head is of one --organization.\n\n${USAGE}`);
  if (values.database) return print(verifyDatabase(scope));
  const client = createCreditClient({ transport: "grpc", address: values.address });
  try {
    return await print(client.admin.verifyLedger(scope));
  } finally {
    client.close();
  }
}

async function print(answers: AsyncIterable<VerifyLedgerResponse>): Promise<number> {
  const line = new ProgressLine();
  for await (const { event } of answers) {
    if (event.case !== "progress") line.clear();
    switch (event.case) {
      case "progress": {
        const { transactions, transactionsTotal, organizationId } = event.value;
        line.show(Number(transactions), Number(transactionsTotal), organizationId);
        break;
      }
      case "finding":
        printFinding(event.value);
        break;
      case "summary":
        printSummary(event.value);
        return event.value.findings === 0n && !event.value.cutShort ? 0 : 1;
    }
  }
  throw new Error("The verification ended without a summary.");
}

function printFinding({ organizationId, place, expected, found }: VerificationFinding): void {
  console.log(`${organizationId || "all"}: ${place}\n  expected: ${expected}\n  found:    ${found}`);
}

function printSummary(summary: VerificationSummary): void {
  const { organizations, transactions, findings, cutShort, totals, head } = summary;
  console.log(
    `${counted(transactions, "transaction")} of ${counted(organizations, "organization")}: ` +
      `${counted(findings, "finding")}`,
  );
  if (cutShort) console.log("So much is amiss that not everything was looked at.");
  if (totals)
    console.log(
      `granted ${totals.granted} = free ${totals.free} + held ${totals.held} + consumed ${totals.consumed} ` +
        `+ expired ${totals.expired} + voided ${totals.voided} microcredits; ` +
        `debt ${totals.debtIncurred}, paid ${totals.debtPaid}`,
    );
  if (head && head.version > 0n)
    console.log(`head ${head.version}:${Buffer.from(head.hash).toString("hex")}`);
}

function counted(count: bigint, noun: string): string {
  return `${count} ${noun}${count === 1n ? "" : "s"}`;
}

function headOf(text: string): LedgerHead {
  const [, version, hash] = /^([1-9]\d{0,17}):([0-9a-f]{64})$/i.exec(text) ?? [];
  if (version === undefined || hash === undefined)
    throw new Error(`--expected-head must be VERSION:HASH, not "${text}".\n\n${USAGE}`);
  return create(LedgerHeadSchema, { version: BigInt(version), hash: Buffer.from(hash, "hex") });
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
