import {
  add,
  isAbove,
  multiply,
  type Ratio,
  subtract,
  wholeRatio,
  ZERO,
} from "../../src/domain/pricing/ratio.ts";
import type { Note } from "./cleaning.ts";
import { type Exchange, toRate } from "./dollars.ts";
import type { ModelDraft } from "./model-draft.ts";
import { ladderOf, type PriceSheet, standardPrice } from "./price-sheet.ts";
import { Skip } from "./skip.ts";
import { UNITS, type Unit } from "./unit.ts";

const SIZE_IN_ID = /(?:^|\/)(\d{2,5})-x-(\d{2,5})\//;

/**
 * Image models are priced by image, by pixel or by image token. Where the table gives two of them for the same
 * image, the finer one is taken if both agree.
 */
export function settleImagePrices(draft: ModelDraft, sheet: PriceSheet, exchange: Exchange): void {
  mergeImagePrices(sheet);
  settlePixels(draft, sheet, exchange);
  if (sheet.has("output_cost_per_image_token") && sheet.delete("output_cost_per_image")) {
    draft.notes.push("output_cost_per_image: the same image is priced by its tokens");
  }
  const made = ["output_cost_per_image", "output_cost_per_image_token"].some((field) => sheet.has(field));
  if (!made && !hasPixels(draft))
    throw new Skip("an image model without a price per image, pixel or image token");
}

/** `input_cost_per_image` of a model that only makes images is the price of an image made. */
function mergeImagePrices(sheet: PriceSheet): void {
  const [input, output] = [sheet.get("input_cost_per_image"), sheet.get("output_cost_per_image")];
  if (input === undefined || sheet.has("input_cost_per_token")) return;
  const [inputPrice, outputPrice] = [input, output].map((row) => row?.get("standard")?.base);
  if (outputPrice && inputPrice && !isNear(inputPrice, outputPrice)) {
    throw new Skip("two prices per image that differ, and no telling which is paid for what");
  }
  sheet.delete("input_cost_per_image");
  if (output === undefined) sheet.set("output_cost_per_image", input);
}

/** A price per pixel is one per image where the entry's name has the size, else a product with width and height. */
function settlePixels(draft: ModelDraft, sheet: PriceSheet, exchange: Exchange): void {
  const prices = ["input_cost_per_pixel", "output_cost_per_pixel"].map((field) =>
    standardPrice(sheet, field),
  );
  const [first, second] = prices.filter((price) => price !== undefined);
  if (first === undefined) return;
  if (second && isAbove(first, ZERO) && isAbove(second, ZERO)) throw new Skip("two prices per pixel");
  const pixel = second === undefined ? first : add(first, second);
  sheet.delete("input_cost_per_pixel");
  sheet.delete("output_cost_per_pixel");
  const [, width, height] = SIZE_IN_ID.exec(draft.modelId) ?? [];
  if (width === undefined || height === undefined) {
    addPixelLine(draft, pixel, exchange);
    return;
  }
  const image = multiply(pixel, wholeRatio(BigInt(width) * BigInt(height)));
  const stated = standardPrice(sheet, "output_cost_per_image");
  if (stated === undefined) ladderOf(sheet, "output_cost_per_image", "standard").base = image;
  else if (isNear(stated, image))
    draft.notes.push("input_cost_per_pixel: the same image is priced as a whole");
  else throw new Skip("a price per image and one per pixel that differ");
}

function addPixelLine(draft: ModelDraft, pixel: Ratio, exchange: Exchange): void {
  draft.use("width");
  draft.use("height");
  draft.line({
    name: "pixels",
    title: "Pixels of images made",
    quantity: [draft.measure(unitOf("output_cost_per_image")), "width", "height"],
    ...rateOf(pixel, 1_000_000n, exchange),
  });
}

function hasPixels(draft: ModelDraft): boolean {
  return draft.hasLine("pixels");
}

/** Video is priced by the second made, at a price of its own for 1080p where the table has one. */
export function settleVideoPrices(draft: ModelDraft, sheet: PriceSheet, exchange: Exchange): void {
  rename(sheet, "output_cost_per_second", "output_cost_per_video_per_second");
  const fine = standardPrice(sheet, "output_cost_per_second_1080p");
  const plain = standardPrice(sheet, "output_cost_per_video_per_second");
  if (plain === undefined) throw new Skip("a video model without a price per second");
  if (fine === undefined) return;
  sheet.delete("output_cost_per_second_1080p");
  sheet.delete("output_cost_per_video_per_second");
  draft.offer("resolution", "Resolution", ["720p", "1080p"]);
  const unit = unitOf("output_cost_per_video_per_second");
  for (const [resolution, price] of [
    ["720p", plain],
    ["1080p", fine],
  ] as const) {
    draft.line({
      name: `seconds_${resolution}`,
      title: `${unit.title}, ${resolution}`,
      quantity: [draft.measure(unit)],
      ...rateOf(price, unit.per, exchange),
      conditions: [{ setting: "resolution", values: [resolution] }],
    });
  }
}

/** Transcription is priced by the second heard. The table says so on either side, or on both for the same second. */
export function settleTranscriptionPrices(sheet: PriceSheet): void {
  const [input, output] = ["input_cost_per_second", "output_cost_per_second"].map((field) =>
    standardPrice(sheet, field),
  );
  if (input && output && isAbove(input, ZERO) && isAbove(output, ZERO) && !isNear(input, output)) {
    throw new Skip("two prices per second of audio that differ");
  }
  if (input && isAbove(input, ZERO)) sheet.delete("output_cost_per_second");
  else rename(sheet, "output_cost_per_second", "input_cost_per_second");
}

/** Speech is priced by character or by token; a price per second beside tokens only restates them. */
export function settleSpeechPrices(sheet: PriceSheet, note: Note): void {
  if (sheet.has("output_cost_per_audio_token") && sheet.delete("output_cost_per_second")) {
    note("output_cost_per_second: the same speech is priced by its audio tokens");
  }
}

function rename(sheet: PriceSheet, from: string, to: string): void {
  const row = sheet.get(from);
  if (row === undefined) return;
  if (sheet.has(to) && standardPrice(sheet, to)?.numerator !== 0n) throw new Skip(`both ${from} and ${to}`);
  sheet.delete(from);
  sheet.set(to, row);
}

function rateOf(dollars: Ratio, per: bigint, exchange: Exchange) {
  const converted = toRate(dollars, per, exchange);
  return { per: converted.per, price: { rate: converted.rate } };
}

function unitOf(field: string): Unit {
  const unit = UNITS[field];
  if (unit === undefined) throw new Error(`${field} has no unit.`);
  return unit;
}

/** Within one percent: the table rounds prices per pixel. */
function isNear(left: Ratio, right: Ratio): boolean {
  const [low, high] = isAbove(left, right) ? [right, left] : [left, right];
  return !isAbove(multiply(subtract(high, low), wholeRatio(100n)), high);
}
