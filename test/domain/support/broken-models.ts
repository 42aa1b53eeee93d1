import { type BrokenCard, INTEGER, settings, tokens } from "./broken-card.ts";
import { card, line, measure, model } from "./model.ts";

export const BROKEN_MODELS: readonly BrokenCard[] = [
  ["no models", card(), "models", "missing"],
  ["a model twice", card(model(), model()), "model_id", "twice"],
  ["a model id with a space", card(model({ modelId: "my model" })), "model_id", "letters, digits"],
  ["no kind", card(model({ kind: undefined })), "kind", "missing"],
  ["no price lines", card(model({ lines: [] })), "lines", "missing"],
  ["a line twice", card(model({ lines: [...model().lines, line("tokens")] })), "lines.tokens", "twice"],
  [
    "a setting that no line uses",
    card(settings({ seed: INTEGER })),
    "settings_schema.properties.seed",
    "no price line uses it",
  ],
  [
    "a measure that no line uses",
    card(model({ measures: [...model().measures, measure("steps")] })),
    "measures.steps",
    "no price line uses it",
  ],
  [
    "a measure twice",
    card(model({ measures: [...model().measures, measure("tokens")] })),
    "measures.tokens",
    "twice",
  ],
  [
    "a measure named as a setting",
    card({
      ...model({ measures: [...model().measures, measure("n")] }),
      lines: [...model().lines, line("extra", { quantity: ["n"] })],
    }),
    "measures.n",
    "same name",
  ],
  [
    "a measure that expects nothing known",
    card(model({ measures: [measure("images"), measure("tokens", { expected: "" })] })),
    "measures.tokens.expected",
    "missing",
  ],
  [
    "a measure that expects more than its most",
    card(model({ measures: [measure("images"), measure("tokens", { expected: "1001" })] })),
    "measures.tokens.expected",
    "above maximum",
  ],
  [
    "a measure with a negative least",
    card(model({ measures: [measure("images"), measure("tokens", { minimum: "-1" })] })),
    "measures.tokens.minimum",
    "-1 is not a decimal",
  ],
  [
    "a measure limited by an unknown setting",
    card(model({ measures: [measure("images"), measure("tokens", { limitedBy: "most" })] })),
    "measures.tokens.limited_by",
    "unknown setting",
  ],
  [
    "a settings schema that lets anything in",
    card(model({ settingsSchema: { type: "object", properties: {} } })),
    "settings_schema.additionalProperties",
    "must be false",
  ],
  [
    "a setting without a type",
    card(settings({ n: { minimum: 0 } })),
    "settings_schema.properties.n",
    "has no type",
  ],
  [
    "a setting with a pattern",
    card(settings({ n: { type: "string", pattern: "(a+)+$" } })),
    "settings_schema.properties.n",
    "pattern is no keyword",
  ],
  [
    "a setting that refers to another schema",
    card(settings({ n: { $ref: "#" } })),
    "settings_schema.properties.n",
    "$ref is no keyword",
  ],
  [
    "a default that the setting does not allow",
    card(settings({ n: { type: "integer", minimum: 1, maximum: 10, default: 11 } })),
    "settings_schema.properties.n.default",
    "greater than 10",
  ],
  [
    "a required setting that is not there",
    card(settings({}, { required: ["size"] })),
    "settings_schema.required",
    "size is no property",
  ],
  [
    "settings that no line has a price for",
    card(
      model({
        lines: [
          line("images", { quantity: ["images"], conditions: [{ setting: "quality", values: ["hd"] }] }),
          line("tokens", { quantity: ["tokens"], conditions: [{ setting: "quality", values: ["hd"] }] }),
        ],
      }),
    ),
    "lines",
    "no line has a price for quality=standard",
  ],
  [
    "a call that costs more than an amount may be",
    card(tokens({ quantity: ["tokens"], price: { rate: "1000000000" } })),
    "lines",
    "could cost more than 1000000000000000",
  ],
];
