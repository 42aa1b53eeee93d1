import type { Measure } from "../../src/domain/pricing/model.ts";
import { countOf, type Entry } from "./table.ts";

/** What one price field counts, and how much of it an estimate takes. */
export type Unit = Readonly<{
  measure: string;
  title: string;
  unit: string;
  /** What the rate is for in the card: prices per 1,000 tokens are readable, prices per token are not. */
  per: bigint;
  /** Tokens that a prompt consists of count for its size; what is generated does not. */
  isPrompt: boolean;
  size: (entry: Entry) => Size;
}>;
type Size = Partial<Pick<Measure, "minimum" | "expected" | "maximum" | "times" | "limitedBy">>;

/**
 * The table knows prices and limits, not what calls are like. These are the guesses that estimates start from where
 * a caller knows nothing; each can be replaced in a call by its `known_usage`. Nothing is ever charged by them.
 */
const EXPECTED_INPUT_TOKENS = 1_000n;
const EXPECTED_IMAGE_PROMPT_TOKENS = 100n;
const EXPECTED_OUTPUT_TOKENS = 500n;
const EXPECTED_IMAGE_TOKENS = 1_056n;
const EXPECTED_CHARACTERS = 1_000n;
const EXPECTED_SECONDS = 60n;
/** Where the table has no limit: more than any model takes today, so that a maximum is one. */
const TOKENS_MAX = 2_000_000n;
const CHARACTERS_MAX = 100_000n;
const SECONDS_MAX = 14_400n;

export function outputTokensMax(entry: Entry): bigint {
  return countOf(entry.max_output_tokens) ?? countOf(entry.max_tokens) ?? TOKENS_MAX;
}

function inputTokensMax(entry: Entry): bigint {
  return countOf(entry.max_input_tokens) ?? TOKENS_MAX;
}

function size(expected: bigint, maximum: bigint, more: Size = {}): Size {
  return { expected: String(expected < maximum ? expected : maximum), maximum: String(maximum), ...more };
}

const exactly = (times: readonly string[]): Size => ({ minimum: "1", expected: "1", maximum: "1", times });
const isImage = ({ mode }: Entry) => ["image_generation", "image_edit"].includes(String(mode));
const prompt = (entry: Entry) =>
  size(isImage(entry) ? EXPECTED_IMAGE_PROMPT_TOKENS : EXPECTED_INPUT_TOKENS, inputTokensMax(entry));
/** Most calls have none of it. */
const rare = (entry: Entry) => size(0n, inputTokensMax(entry));
const answer = (entry: Entry) =>
  size(isImage(entry) ? 0n : EXPECTED_OUTPUT_TOKENS, outputTokensMax(entry), { limitedBy: "max_tokens" });
const rareAnswer = (entry: Entry) => size(0n, outputTokensMax(entry), { limitedBy: "max_tokens" });
/** Models that speak or listen do so in most calls. */
const isAudio = ({ mode }: Entry) =>
  ["audio_speech", "audio_transcription", "realtime"].includes(String(mode));
const audioPrompt = (entry: Entry) => (isAudio(entry) ? prompt(entry) : rare(entry));
const audioAnswer = (entry: Entry) => (isAudio(entry) ? answer(entry) : rareAnswer(entry));
const characters = () => size(EXPECTED_CHARACTERS, CHARACTERS_MAX);
const heard = () => size(EXPECTED_SECONDS, SECONDS_MAX);
const seen = () => size(0n, 1_000n);

function tokens(measure: string, title: string, isPrompt: boolean, sizeOf: Unit["size"]): Unit {
  return { measure, title, unit: "token", per: 1000n, isPrompt, size: sizeOf };
}

function single(measure: string, title: string, unit: string, sizeOf: Unit["size"], per = 1n): Unit {
  return { measure, title, unit, per, isPrompt: false, size: sizeOf };
}

/**
 * Every price field that is one rate for one measure. The measures of a model do not overlap: where a model has
 * `cached_input_tokens`, those are not among its `input_tokens`.
 */
export const UNITS: Readonly<Record<string, Unit>> = {
  input_cost_per_token: tokens("input_tokens", "Input tokens", true, prompt),
  cache_read_input_token_cost: tokens("cached_input_tokens", "Input tokens read from a cache", true, rare),
  cache_creation_input_token_cost: tokens(
    "cache_write_tokens",
    "Input tokens written to a cache",
    true,
    rare,
  ),
  cache_creation_input_token_cost_above_1hr: tokens(
    "cache_write_1h_tokens",
    "Input tokens written to a cache for an hour",
    true,
    rare,
  ),
  input_cost_per_audio_token: tokens("input_audio_tokens", "Audio input tokens", true, audioPrompt),
  cache_read_input_audio_token_cost: tokens(
    "cached_input_audio_tokens",
    "Audio input tokens read from a cache",
    true,
    rare,
  ),
  cache_creation_input_audio_token_cost: tokens(
    "cache_write_audio_tokens",
    "Audio input tokens written to a cache",
    true,
    rare,
  ),
  input_cost_per_image_token: tokens("input_image_tokens", "Image input tokens", true, rare),
  output_cost_per_token: tokens("output_tokens", "Output tokens", false, answer),
  output_cost_per_reasoning_token: tokens("reasoning_tokens", "Reasoning tokens", false, rareAnswer),
  output_cost_per_audio_token: tokens("output_audio_tokens", "Audio output tokens", false, audioAnswer),
  output_cost_per_video_token: tokens("output_video_tokens", "Video output tokens", false, rareAnswer),
  output_cost_per_image_token: tokens("output_image_tokens", "Image output tokens", false, () =>
    size(EXPECTED_IMAGE_TOKENS, EXPECTED_IMAGE_TOKENS * 16n, { times: ["n"] }),
  ),
  citation_cost_per_token: tokens("citation_tokens", "Citation tokens", false, rareAnswer),
  input_cost_per_character: single("input_characters", "Input characters", "character", characters, 1000n),
  output_cost_per_character: single("output_characters", "Output characters", "character", characters, 1000n),
  input_cost_per_image: single("input_images", "Images put in", "image", seen),
  output_cost_per_image: single("images", "Images made", "image", () => exactly(["n"])),
  input_cost_per_second: single("input_audio_seconds", "Seconds of audio put in", "second", heard),
  input_cost_per_audio_per_second: single("input_audio_seconds", "Seconds of audio put in", "second", seen),
  input_cost_per_video_per_second: single("input_video_seconds", "Seconds of video put in", "second", seen),
  output_cost_per_video_per_second: single("seconds", "Seconds of video made", "second", () =>
    exactly(["duration"]),
  ),
  input_cost_per_query: single("queries", "Queries", "query", () => exactly([])),
  ocr_cost_per_page: single("pages", "Pages read", "page", () => size(1n, 1_000n)),
  annotation_cost_per_page: single("annotated_pages", "Pages annotated", "page", () => size(0n, 1_000n)),
  ocr_cost_per_credit: single("provider_credits", "Credits of the provider", "credit", () =>
    size(1n, 1_000n),
  ),
};
