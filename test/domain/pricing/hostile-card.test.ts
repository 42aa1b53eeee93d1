import { expect } from "chai";
import type { JsonObject, RateCard } from "../../../src/domain/pricing/model.ts";
import { checkSteps } from "../../../src/domain/pricing/rate-card-check.ts";
import { settingsValidator } from "../../../src/service/pricing/settings-validator.ts";
import { INTEGER, settings, tokens } from "../support/broken-card.ts";
import { card, line, model } from "../support/model.ts";

/** A server that is busy for longer lets its other callers wait. */
const STEP_MS_MAX = 100;

/** Cards that are made to keep a server busy. */
const HOSTILE: readonly (readonly [title: string, make: () => RateCard])[] = [
  ["a million digits", () => card(tokens({ price: { rate: "9".repeat(1_000_000) } }))],
  [
    "a setting nested a thousand deep",
    () => {
      let deep: JsonObject = {};
      for (let level = 0; level < 1_000; level += 1) deep = { allOf: [deep] };
      return card(settings({ n: deep }));
    },
  ],
  [
    "a hundred thousand settings",
    () =>
      card(
        settings(Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`s${index}`, INTEGER]))),
      ),
  ],
  [
    "a hundred thousand lines",
    () => card(model({ lines: Array.from({ length: 100_000 }, (_, index) => line(`l${index}`)) })),
  ],
  [
    "a hundred thousand models",
    () => card(...Array.from({ length: 100_000 }, () => model({ kind: undefined, lines: [] }))),
  ],
  [
    "conditions that combine in 10^14 ways",
    () => {
      const names = Array.from({ length: 8 }, (_, index) => `s${index}`);
      const values = Array.from({ length: 64 }, (_, index) => `v${index}`);
      const properties = Object.fromEntries(
        names.map((name) => [name, { type: "string", enum: values, default: "v0" }]),
      );
      const conditions = names.map((setting) => ({ setting, values }));
      return card(
        model({
          settingsSchema: { type: "object", additionalProperties: false, properties },
          measures: [],
          lines: [line("all", { conditions })],
        }),
      );
    },
  ],
];

describe("the check of a hostile rate card", () => {
  for (const [title, make] of HOSTILE) {
    it(`refuses ${title} before a server is missed`, () => {
      const hostile = make();
      // The fastest of three: on a busy machine a step can be interrupted for longer than it takes.
      const longestSteps = [1, 2, 3].map(() => longestStepMs(hostile));
      expect(Math.min(...longestSteps)).to.be.lessThan(STEP_MS_MAX);
    });
  }
});

function longestStepMs(hostile: RateCard): number {
  const steps = checkSteps(hostile, settingsValidator);
  let longestMs = 0;
  for (;;) {
    const start = performance.now();
    const step = steps.next();
    longestMs = Math.max(longestMs, performance.now() - start);
    if (!step.done) continue;
    expect(step.value?.faults.length).to.be.greaterThan(0);
    return longestMs;
  }
}
