import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { FACTOR_LIMITS, RATE_LIMITS, readDecimal } from "../src/domain/pricing/decimal.ts";
import type { RateCard, RateCardFault } from "../src/domain/pricing/model.ts";
import { checkRateCard } from "../src/domain/pricing/rate-card-check.ts";
import { isAbove, type Ratio, ZERO } from "../src/domain/pricing/ratio.ts";
import { type FileFormat, readRateCardFile, writeRateCardFile } from "../src/rpc/pricing/rate-card-file.ts";
import { settingsValidator } from "../src/service/pricing/settings-validator.ts";
import { type Import, importTable, type Remark } from "./litellm/import.ts";
import { readTable } from "./litellm/table.ts";
import { publishCard } from "./rate-card-publication.ts";

const USAGE = `Usage:
  npm run rate-card -- import TABLE --credit-usd 0.01 --markup 1.3 [--only LIST] [--title TEXT] [--out FILE]
      Turns LiteLLM's table of model prices into a rate card. LIST is a file with one model id per line.
  npm run rate-card -- check FILE
      Tells all that is wrong with a rate card's file.
  npm run rate-card -- publish FILE [--address 127.0.0.1:50051] [--dry-run] [--effective-time 2026-12-01T00:00:00Z]
      [--request-id UUID]
      Publishes it to a running service, or with --dry-run only tells what would change.
Files end with .yaml or .json.`;

type Options = { "credit-usd"?: string; markup?: string; only?: string; title?: string; out?: string };

function main(): number | Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      "credit-usd": { type: "string" },
      markup: { type: "string" },
      only: { type: "string" },
      title: { type: "string" },
      out: { type: "string" },
      address: { type: "string", default: "127.0.0.1:50051" },
      "dry-run": { type: "boolean", default: false },
      "effective-time": { type: "string" },
      "request-id": { type: "string" },
    },
  });
  const [command, file] = positionals;
  if (command === "import" && file !== undefined) return importCard(file, values);
  if (command === "check" && file !== undefined) return checkCard(file);
  if (command === "publish" && file !== undefined) {
    const card = readCard(file);
    if (card === undefined) return 1;
    return publishCard(card, { ...values, dryRun: values["dry-run"] });
  }
  throw new Error(USAGE);
}

function importCard(file: string, options: Options): number {
  const exchange = {
    creditUsd: positive("--credit-usd", options["credit-usd"], RATE_LIMITS),
    markup: positive("--markup", options.markup, FACTOR_LIMITS),
  };
  const table = readTable(readFileSync(file, "utf8"));
  const whole = importTable(table, exchange, options.title ?? "Imported from LiteLLM's table");
  const only = options.only === undefined ? undefined : readList(options.only);
  const { card, skipped, notes, free } = only === undefined ? whole : keep(whole, only);
  print("skipped", skipped);
  print("note", notes);
  for (const modelId of free) console.log(`free of charge: ${modelId}`);
  console.log(
    `Imported ${table.size - whole.skipped.length} of ${table.size} entries; the card has ${card.models.length} models, ` +
      `${free.length} of them free of charge. ${whole.skipped.length} entries were skipped.`,
  );
  const faults = faultsOf(card);
  if (faults > 0 || options.out === undefined) return faults > 0 ? 1 : 0;
  writeFileSync(options.out, writeRateCardFile(card, formatOf(options.out)));
  console.log(`Wrote ${options.out}.`);
  return 0;
}

/** What a list of model ids is about. An entry that is asked for must be there. */
function keep({ card, skipped, notes, free }: Import, only: readonly string[]): Import {
  const isKept = ({ modelId }: { modelId: string }) => only.includes(modelId);
  const models = card.models.filter(isKept);
  const absent = only.filter((modelId) => !models.some((model) => model.modelId === modelId));
  if (absent.length > 0) throw new Error(`Not imported: ${absent.join(", ")}`);
  return {
    card: { ...card, models },
    skipped: skipped.filter(isKept),
    notes: notes.filter(isKept),
    free: free.filter((modelId) => only.includes(modelId)),
  };
}

/** Undefined where the file is no card, which is told. */
function readCard(file: string): RateCard | undefined {
  const card = readRateCardFile(readFileSync(file, "utf8"), formatOf(file));
  if ("models" in card) return card;
  printFaults(card);
  return undefined;
}

function checkCard(file: string): number {
  const card = readCard(file);
  if (card === undefined) return 1;
  const faults = faultsOf(card);
  console.log(`${file}: ${card.models.length} models, ${faults} faults.`);
  return faults > 0 ? 1 : 0;
}

function faultsOf(card: RateCard): number {
  const faults = checkRateCard(card, settingsValidator)?.faults ?? [];
  printFaults(faults);
  return faults.length;
}

function printFaults(faults: readonly RateCardFault[]): void {
  for (const { modelId, place, problem } of faults) console.log(`fault: ${modelId} ${place}: ${problem}`);
}

function print(what: string, remarks: readonly Remark[]): void {
  for (const { modelId, text } of remarks) console.log(`${what}: ${modelId}: ${text}`);
}

function readList(file: string): string[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

function positive(option: string, text: string | undefined, limits: typeof RATE_LIMITS): Ratio {
  const ratio = readDecimal(text ?? "", limits);
  if (ratio === undefined || !isAbove(ratio, ZERO))
    throw new Error(`${option} must be a decimal above 0.\n\n${USAGE}`);
  return ratio;
}

function formatOf(file: string): FileFormat {
  const format = /\.(yaml|yml|json)$/.exec(file)?.[1];
  if (format === undefined) throw new Error(`${file} must end with .yaml or .json.`);
  return format === "json" ? "json" : "yaml";
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
