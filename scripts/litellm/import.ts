import { RATE_LIMITS, readDecimal } from "../../src/domain/pricing/decimal.ts";
import type { Model, ModelKind, RateCard } from "../../src/domain/pricing/model.ts";
import { tiersOf } from "../../src/domain/pricing/model.ts";
import { isAbove, ZERO } from "../../src/domain/pricing/ratio.ts";
import { cleanSheet } from "./cleaning.ts";
import type { Exchange } from "./dollars.ts";
import {
  settleImagePrices,
  settleSpeechPrices,
  settleTranscriptionPrices,
  settleVideoPrices,
} from "./media-lines.ts";
import { ModelDraft } from "./model-draft.ts";
import { isPriceField, type PriceSheet, readPriceSheet } from "./price-sheet.ts";
import { addQueryTiers, addRequestPrice, addWebSearches } from "./query-lines.ts";
import { addSheetLines } from "./sheet-lines.ts";
import { Skip } from "./skip.ts";
import { type Entry, isEntry, textOf } from "./table.ts";
import { findVariants, foldVariants } from "./variants.ts";

/** An entry of the table and something to say about it. */
export type Remark = Readonly<{ modelId: string; text: string }>;

export type Import = Readonly<{
  card: RateCard;
  /** Entries that are left out, each with its reason. */
  skipped: readonly Remark[];
  /** What was left out of entries that were imported, and why that misprices nothing. */
  notes: readonly Remark[];
  /** Models that the table gives away; worth a look before they are sold. */
  free: readonly string[];
}>;

const MODES: Readonly<Record<string, ModelKind>> = {
  chat: "TEXT",
  completion: "TEXT",
  responses: "TEXT",
  embedding: "TEXT",
  rerank: "TEXT",
  moderation: "TEXT",
  search: "TEXT",
  vector_store: "TEXT",
  ocr: "TEXT",
  image_generation: "IMAGE",
  image_edit: "IMAGE",
  video_generation: "VIDEO",
  audio_speech: "AUDIO",
  audio_transcription: "AUDIO",
  realtime: "AUDIO",
};
const GENERATING = ["chat", "completion", "responses", "realtime"];
/** Fields that say nothing about prices. A field that is neither here nor a price skips its entry. */
const IRRELEVANT =
  /^(supports_\w+|max_\w+|mode|litellm_provider|source|metadata|comment|rpm|tpm|deprecation_date|output_vector_size|prompt_cache_min_tokens|supported_(endpoints|modalities|output_modalities|regions)|web_search_billing_unit|provider_specific_entry|regional_processing_uplift_multiplier_(eu|us)|search_context_cost_per_query|tiered_pricing|bedrock_\w+|use_openai_responses_path|gemini_(native_audio|audio_only_live)|uses_embed_content|audio_transcription_config)$/;
/** Where a note of the table says that its price was guessed, or holds for some calls only. */
const GUESSED = /Assumed|Estimated cost|as base cost/;

/** Turns the table into a rate card. Nothing is priced that is not understood; what is left out is listed. */
export function importTable(table: ReadonlyMap<string, Entry>, exchange: Exchange, title: string): Import {
  const models: Model[] = [];
  const skipped: Remark[] = [];
  const notes: Remark[] = [];
  for (const [modelId, entry] of table) {
    const draft = new ModelDraft(modelId, entry);
    try {
      models.push(convert(draft, exchange));
      notes.push(...draft.notes.map((text) => ({ modelId, text })));
    } catch (error) {
      if (!(error instanceof Skip)) throw error;
      skipped.push({ modelId, text: error.message });
    }
  }
  fold(models, notes);
  const free = models.filter(isFree).map(({ modelId }) => modelId);
  return { card: { title, models }, skipped, notes, free };
}

/**
 * Adds one model with quality and size as settings where the table has an entry for each of them. It takes the place
 * of an entry with one price for all, but not of one that is priced by token.
 */
function fold(models: Model[], notes: Remark[]): void {
  for (const [modelId, variants] of findVariants(models)) {
    const index = models.findIndex((model) => model.modelId === modelId);
    const flat = models[index];
    if (flat?.lines.some(({ name }) => name !== "images")) continue;
    const folded = foldVariants(new ModelDraft(modelId, {}), variants);
    models.splice(index < 0 ? models.length : index, index < 0 ? 0 : 1, folded);
    notes.push({ modelId, text: `priced by quality and size, from ${variants.length} entries of the table` });
  }
}

function convert(draft: ModelDraft, exchange: Exchange): Model {
  const { modelId, entry } = draft;
  const mode = textOf(entry.mode) ?? "";
  const kind = MODES[mode];
  if (!/^[A-Za-z0-9_.:/@-]{1,128}$/.test(modelId)) throw new Skip("its name is no model id");
  if (kind === undefined)
    throw new Skip(
      mode === "" ? "no mode: no model, but a class of prices or rules" : `mode ${mode} is not understood`,
    );
  refuseUnknownFields(entry);
  const note = (text: string) => draft.notes.push(text);
  const sheet = readPriceSheet(entry);
  addQueryTiers(draft, exchange);
  if (sheet.size === 0 && !draft.hasLine("queries")) throw new Skip("no price");
  if (kind === "VIDEO") settleVideoPrices(draft, sheet, exchange);
  if (mode === "audio_transcription") settleTranscriptionPrices(sheet);
  if (mode === "audio_speech") settleSpeechPrices(sheet, note);
  if (GENERATING.includes(mode)) refuseOddChat(sheet);
  cleanSheet(sheet, GENERATING.includes(mode), note);
  if (kind === "IMAGE") settleImagePrices(draft, sheet, exchange);
  addRequestPrice(draft, sheet, exchange);
  addSheetLines(draft, sheet, exchange);
  addWebSearches(draft, exchange);
  return draft.build(kind, textOf(entry.litellm_provider) ?? "");
}

function refuseUnknownFields(entry: Entry): void {
  const unknown = Object.keys(entry).find((field) => !IRRELEVANT.test(field) && !isPriceField(field));
  if (unknown !== undefined) throw new Skip(`${unknown} is not understood`);
  const metadata = isEntry(entry.metadata) ? Object.values(entry.metadata) : [];
  const guess = metadata.find((text) => typeof text === "string" && GUESSED.test(text));
  if (guess !== undefined) throw new Skip(`not a price to rely on: ${String(guess)}`);
}

/** Fields that mean something else in a conversation than their names say. */
function refuseOddChat(sheet: PriceSheet): void {
  if (sheet.has("input_cost_per_second"))
    throw new Skip("priced by the second of reserved capacity, not by call");
  if (sheet.has("output_cost_per_image"))
    throw new Skip("output_cost_per_image of a model that answers in text is not understood");
  for (const side of ["input", "output"]) {
    if (![...sheet.keys()].some((field) => field.startsWith(`${side}_cost_per`)))
      throw new Skip(`no price for its ${side}`);
  }
}

function isFree({ lines }: Model): boolean {
  return lines.every((line) =>
    tiersOf(line).every(({ rate }) => !isAbove(readDecimal(rate, RATE_LIMITS) ?? ZERO, ZERO)),
  );
}
