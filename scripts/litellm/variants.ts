import type { Model, PriceLine } from "../../src/domain/pricing/model.ts";
import type { ModelDraft } from "./model-draft.ts";

/** An entry for one size, and maybe one quality, of an image model: `azure/hd/1024-x-1792/dall-e-3`. */
const VARIANT = /^(?<provider>azure\/)?(?:(?<quality>[a-z]+)\/)?(?<size>\d+-x-\d+)\/(?<base>[^/]+)$/;
/** What a model is asked for where nothing is said. */
const USUAL = ["standard", "1024x1024"];

type Variant = Readonly<{ quality: string; size: string; model: Model }>;

/** The models of which the table has an entry for each quality and size, by model id. */
export function findVariants(models: readonly Model[]): ReadonlyMap<string, readonly Variant[]> {
  const groups = new Map<string, Variant[]>();
  for (const model of models) {
    const { provider = "", quality = "", size = "", base } = VARIANT.exec(model.modelId)?.groups ?? {};
    if (base === undefined) continue;
    const modelId = provider + base;
    groups.set(modelId, [...(groups.get(modelId) ?? []), { quality, size: size.replace("-x-", "x"), model }]);
  }
  return new Map([...groups].filter(([, variants]) => isWholeGrid(variants)));
}

/** Only where every quality has every size is there a price for all that a panel lets choose. */
function isWholeGrid(variants: readonly Variant[]): boolean {
  const [qualities, sizes] = [qualitiesOf(variants), sizesOf(variants)];
  const isSimple = variants.every(
    ({ model }) => model.lines.length === 1 && model.lines[0]?.name === "images",
  );
  return isSimple && variants.length > 1 && variants.length === qualities.length * sizes.length;
}

/** One model with the settings quality and size, in place of an entry that ignores them. */
export function foldVariants(draft: ModelDraft, variants: readonly Variant[]): Model {
  const [qualities, sizes] = [qualitiesOf(variants), sizesOf(variants)];
  if (qualities.length > 1) draft.offer("quality", "Quality", qualities);
  draft.offer("size", "Size in pixels", sizes);
  draft.use("n");
  const [first] = variants;
  const { settingsSchema, ...rest } = draft.build("IMAGE", first?.model.provider ?? "");
  const lines = variants.flatMap((variant) => lineOf(variant, qualities.length > 1));
  return { ...rest, settingsSchema, measures: first?.model.measures ?? [], lines };
}

function lineOf({ quality, size, model }: Variant, hasQuality: boolean): PriceLine[] {
  const conditions = [
    ...(hasQuality ? [{ setting: "quality", values: [quality] }] : []),
    { setting: "size", values: [size] },
  ];
  const name = ["images", ...(hasQuality ? [quality] : []), size].join("_");
  return model.lines.map((line) => ({
    ...line,
    name,
    title: `${line.title}, ${name.replace("images_", "").replace("_", " ")}`,
    conditions,
  }));
}

function qualitiesOf(variants: readonly Variant[]): string[] {
  return usualFirst(variants.map(({ quality }) => quality));
}

function sizesOf(variants: readonly Variant[]): string[] {
  return usualFirst(variants.map(({ size }) => size));
}

function usualFirst(values: readonly string[]): string[] {
  const different = [...new Set(values)].sort();
  return [
    ...different.filter((value) => USUAL.includes(value)),
    ...different.filter((value) => !USUAL.includes(value)),
  ];
}
