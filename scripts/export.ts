import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { toJsonString } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { ExportTransactionsResponse } from "../gen/pleyor/credits/v1/admin_service_pb.ts";
import { type Transaction, TransactionSchema } from "../gen/pleyor/credits/v1/transaction_pb.ts";
import { type CreditClient, createCreditClient } from "../src/client/client.ts";
import { ExportFile, type ExportTarget, StandardOutput } from "./export-file.ts";
import { ProgressLine } from "./progress-line.ts";
import { CSV_HEADER, csvLine } from "./transaction-csv.ts";

const USAGE = `Usage:
  npm run -s export -- [--organization ID] [--format jsonl|csv] [--out FILE [--resume]] [--address 127.0.0.1:50051]
      Writes the transactions of one organization, or of all, from a running service: a line each, in JSON as the proto
      maps it, or CSV. To a file, or to the standard output.
      With --resume, a file that was left unfinished is gone on with; one organization's also gets what came since.`;

type Format = Readonly<{ header: string; line: (transaction: Transaction) => string }>;

const FORMATS: ReadonlyMap<string, Format> = new Map([
  ["jsonl", { header: "", line: (transaction) => `${toJsonString(TransactionSchema, transaction)}\n` }],
  ["csv", { header: CSV_HEADER, line: csvLine }],
]);

/** A server that restarts is back by then. */
const ATTEMPTS_MAX = 8;
const PAUSE_MS = 1_000;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      organization: { type: "string", default: "" },
      format: { type: "string" },
      out: { type: "string" },
      resume: { type: "boolean", default: false },
      address: { type: "string", default: "127.0.0.1:50051" },
      help: { type: "boolean", default: false },
    },
  });
  const { organization: organizationId, out, resume, address } = values;
  const formatName = values.format ?? (out?.endsWith(".csv") ? "csv" : "jsonl");
  const format = FORMATS.get(formatName);
  if (values.help || format === undefined || (resume && out === undefined)) throw new Error(USAGE);
  const client = createCreditClient({ transport: "grpc", address });
  try {
    const target =
      out === undefined
        ? new StandardOutput()
        : new ExportFile({ path: out, resume, scope: organizationId, format: formatName });
    await exportTo(target, format, { client, organizationId });
    await target.end();
  } finally {
    client.close();
  }
}

type Source = Readonly<{ client: CreditClient; organizationId: string }>;

async function exportTo(target: ExportTarget, { header, line }: Format, source: Source): Promise<void> {
  const progress = new ProgressLine();
  let isFirst = target.resumeToken === "";
  let done = 0;
  for await (const { transactions, resumeToken, remaining } of pages(source, target.resumeToken)) {
    await target.write((isFirst ? header : "") + transactions.map(line).join(""), resumeToken);
    isFirst = false;
    done += transactions.length;
    progress.show(done, done + Number(remaining), transactions.at(-1)?.organizationId ?? "");
  }
  progress.clear();
  console.error(`${done} transactions`);
}

/** Goes on by itself where a server stops or a connection breaks. */
async function* pages(
  { client, organizationId }: Source,
  firstToken: string,
): AsyncGenerator<ExportTransactionsResponse> {
  let resumeToken = firstToken;
  for (let attempt = 1; ; attempt += 1) {
    try {
      for await (const page of client.admin.exportTransactions({ organizationId, resumeToken })) {
        yield page;
        ({ resumeToken } = page);
        attempt = 0;
      }
      return;
    } catch (error) {
      const isAway = error instanceof ConnectError && error.code === Code.Unavailable;
      if (!isAway || attempt >= ATTEMPTS_MAX) throw error;
      await delay(PAUSE_MS);
    }
  }
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
