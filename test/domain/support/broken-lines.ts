import { type BrokenCard, tokens, using, whole } from "./broken-card.ts";
import { card } from "./model.ts";

export const BROKEN_LINES: readonly BrokenCard[] = [
  ["a line without a price", card(tokens({ price: { rate: "" } })), "lines.extra.rate", "missing"],
  ["a negative price", card(tokens({ price: { rate: "-3" } })), "lines.extra.rate", "-3 is not a decimal"],
  [
    "an infinite price",
    card(tokens({ price: { rate: "Infinity" } })),
    "lines.extra.rate",
    "Infinity is not a decimal",
  ],
  [
    "a price that is no number",
    card(tokens({ price: { rate: "NaN" } })),
    "lines.extra.rate",
    "NaN is not a decimal",
  ],
  [
    "a price with an exponent",
    card(tokens({ price: { rate: "1e400" } })),
    "lines.extra.rate",
    "1e400 is not a decimal",
  ],
  [
    "a price above all limits",
    card(tokens({ price: { rate: "1000000001" } })),
    "lines.extra.rate",
    "from 0 to 1000000000",
  ],
  ["a rate per nothing", card(tokens({ per: 0n })), "lines.extra.per", "must be from 1"],
  ["a rate per less than nothing", card(tokens({ per: -1n })), "lines.extra.per", "must be from 1"],
  [
    "an unknown measure",
    card(tokens({ quantity: ["steps"] })),
    "lines.extra.quantity",
    "steps is an unknown measure or setting",
  ],
  [
    "a text as a quantity",
    card(tokens({ quantity: ["quality"] })),
    "lines.extra.quantity",
    "quality must be a number",
  ],
  [
    "an optional setting as a quantity",
    card(tokens({ quantity: ["max_tokens"] })),
    "lines.extra.quantity",
    "can be absent",
  ],
  [
    "a setting without a maximum as a quantity",
    card(using("width", { type: "integer", minimum: 0, default: 1 })),
    "lines.extra.quantity",
    "width must be a number with",
  ],
  [
    "a setting that can be negative as a quantity",
    card(using("width", { type: "integer", minimum: -1, maximum: 9, default: 1 })),
    "lines.extra.quantity",
    "width must be a number with",
  ],
  [
    "an unknown setting in a condition",
    card(tokens({ conditions: [{ setting: "size", values: ["a"] }] })),
    "lines.extra.conditions.size",
    "unknown setting",
  ],
  [
    "a condition on a value that can't be",
    card(tokens({ conditions: [{ setting: "quality", values: ["uhd"] }] })),
    "lines.extra.conditions.quality",
    "uhd is no value",
  ],
  [
    "a condition without values",
    card(tokens({ conditions: [{ setting: "quality", values: [] }] })),
    "lines.extra.conditions.quality",
    "never holds",
  ],
  [
    "a condition on a setting without listed values",
    card(tokens({ conditions: [{ setting: "n", values: ["1"] }] })),
    "lines.extra.conditions.n",
    "no listed values",
  ],
  [
    "a multiplier that misses a value",
    card(tokens({ multipliers: [{ setting: "quality", factors: new Map([["hd", "2"]]) }] })),
    "lines.extra.multipliers.quality.standard",
    "missing",
  ],
  [
    "a negative multiplier",
    card(
      tokens({
        multipliers: [
          {
            setting: "quality",
            factors: new Map([
              ["hd", "-2"],
              ["standard", "1"],
            ]),
          },
        ],
      }),
    ),
    "lines.extra.multipliers.quality.hd",
    "-2 is not a decimal",
  ],
  [
    "overlapping tiers",
    card(whole({ upTo: "20", rate: "1" }, { upTo: "10", rate: "2" }, { upTo: undefined, rate: "3" })),
    "lines.extra.tiers.2.up_to",
    "the tiers overlap",
  ],
  [
    "tiers that both have no end",
    card(whole({ upTo: undefined, rate: "1" }, { upTo: undefined, rate: "2" })),
    "lines.extra.tiers.1.up_to",
    "the tiers overlap",
  ],
  [
    "a last tier with an end",
    card(whole({ upTo: "10", rate: "1" })),
    "lines.extra.tiers.1.up_to",
    "above 10 has no price",
  ],
  ["no tiers", card(whole()), "lines.extra.tiers", "must be 1 to 32"],
  [
    "whole tiers that get cheaper",
    card(whole({ upTo: "10", rate: "2" }, { upTo: undefined, rate: "1" })),
    "lines.extra.tiers.2.rate",
    "using more would cost less",
  ],
  [
    "a tier with a negative price",
    card(whole({ upTo: undefined, rate: "-1" })),
    "lines.extra.tiers.1.rate",
    "-1 is not a decimal",
  ],
  [
    "tiers without a mode",
    card(
      tokens({
        quantity: ["tokens"],
        price: { mode: undefined, size: [], tiers: [{ upTo: undefined, rate: "1" }] },
      }),
    ),
    "lines.extra.tiers.mode",
    "missing",
  ],
  [
    "graduated tiers over something else",
    card(
      tokens({
        quantity: ["tokens"],
        price: { mode: "GRADUATED", size: ["images"], tiers: [{ upTo: undefined, rate: "1" }] },
      }),
    ),
    "lines.extra.tiers.size",
    "own quantity",
  ],
];
