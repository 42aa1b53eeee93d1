import type {
  Json,
  JsonObject,
  Measure,
  Model,
  ModelKind,
  PriceLine,
} from "../../src/domain/pricing/model.ts";
import type { Entry } from "./table.ts";
import { outputTokensMax, type Unit } from "./unit.ts";

/** The settings that imported models have where a price depends on them. */
const SETTINGS: Readonly<Record<string, (entry: Entry) => JsonObject>> = {
  max_tokens: (entry) => ({
    type: "integer",
    title: "Most tokens to generate",
    minimum: 1,
    maximum: Number(outputTokensMax(entry)),
  }),
  n: () => ({ type: "integer", title: "Number of images", minimum: 1, maximum: 10, default: 1 }),
  duration: () => ({ type: "number", title: "Seconds of video", minimum: 1, maximum: 60, default: 5 }),
  width: () => ({ type: "integer", title: "Width in pixels", minimum: 64, maximum: 4096, default: 1024 }),
  height: () => ({ type: "integer", title: "Height in pixels", minimum: 64, maximum: 4096, default: 1024 }),
};

/** A model of the card that is being made from an entry of the table. */
export class ModelDraft {
  readonly modelId: string;
  readonly entry: Entry;
  readonly notes: string[] = [];
  readonly #settings = new Map<string, JsonObject>();
  readonly #measures = new Map<string, Measure>();
  readonly #lines: PriceLine[] = [];

  constructor(modelId: string, entry: Entry) {
    this.modelId = modelId;
    this.entry = entry;
  }

  /** A setting with listed values, the first of which is the default. */
  offer(name: string, title: string, values: readonly Json[]): void {
    const type = typeof values[0] === "boolean" ? "boolean" : "string";
    const listed = type === "boolean" ? {} : { enum: values };
    this.#settings.set(name, { type, title, ...listed, default: values[0] ?? null });
  }

  setting(name: string, schema: JsonObject): void {
    this.#settings.set(name, schema);
  }

  /** A setting that is described above. */
  use(name: string): void {
    const schema = SETTINGS[name]?.(this.entry);
    if (schema !== undefined && !this.#settings.has(name)) this.#settings.set(name, schema);
  }

  measure({ measure: name, title, unit, size }: Unit): string {
    const measure: Measure = {
      ...{ name, title, unit, minimum: "0", expected: "0", maximum: "0", times: [], limitedBy: undefined },
      ...size(this.entry),
    };
    for (const setting of [
      ...measure.times,
      ...(measure.limitedBy === undefined ? [] : [measure.limitedBy]),
    ]) {
      this.use(setting);
    }
    this.#measures.set(name, measure);
    return name;
  }

  line(line: Pick<PriceLine, "name" | "title" | "per" | "price"> & Partial<PriceLine>): void {
    this.#lines.push({ quantity: [], conditions: [], multipliers: [], ...line });
  }

  hasLine(name: string): boolean {
    return this.#lines.some((line) => line.name === name);
  }

  build(kind: ModelKind, provider: string): Model {
    const settings = [...this.#settings];
    return {
      modelId: this.modelId,
      title: this.modelId.slice(this.modelId.lastIndexOf("/") + 1),
      kind,
      provider,
      description: "",
      settingsSchema:
        settings.length === 0
          ? {}
          : { type: "object", properties: Object.fromEntries(settings), additionalProperties: false },
      measures: [...this.#measures.values()],
      lines: this.#lines,
    };
  }
}
