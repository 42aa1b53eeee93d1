import { readFileSync } from "node:fs";
import { expect } from "chai";
import type { RateCard } from "../../../src/domain/pricing/model.ts";
import { checkRateCard } from "../../../src/domain/pricing/rate-card-check.ts";
import {
  type FileFormat,
  readRateCardFile,
  writeRateCardFile,
} from "../../../src/rpc/pricing/rate-card-file.ts";
import { settingsValidator } from "../../../src/service/pricing/settings-validator.ts";

const EXAMPLE = readFileSync("catalogue/rate-card.yaml", "utf8");

const BROKEN: readonly (readonly [title: string, text: string, problem: string])[] = [
  ["a field that is unknown", "{models: [{model_id: a, prize: 1}]}", "prize"],
  ["a kind that is unknown", "{models: [{model_id: a, kind: MODEL_KIND_SMELL}]}", "MODEL_KIND_SMELL"],
  ["a list where a model should be", "{models: [[]]}", "Model"],
  ["no YAML", "models: [", "Flow sequence"],
  ["a name twice", "title: a\ntitle: b", "unique"],
  ["an alias", "title: &a x\nmodels: *a", "aliases"],
  ["a rate per half a token", "{models: [{lines: [{per: 0.5}]}]}", "per"],
];

describe("a rate card's file", () => {
  it("is shipped as an example that can be published, with models of all kinds", () => {
    const example = read(EXAMPLE, "yaml");
    expect(checkRateCard(example, settingsValidator)).to.equal(undefined);
    expect(new Set(example.models.map(({ kind }) => kind))).to.have.keys("IMAGE", "VIDEO", "TEXT", "AUDIO");
  });

  for (const format of ["yaml", "json"] as const) {
    it(`gives the same card again after it was written as ${format}`, () => {
      const example = read(EXAMPLE, "yaml");
      expect(read(writeRateCardFile(example, format), format)).to.deep.equal(example);
    });
  }

  it("takes prices as they are spelled, with and without quotes, and settings as what they are", () => {
    const { models } = read(
      `models:
  - model_id: a
    settings_schema: {type: object, properties: {n: {type: integer, minimum: 1, default: 1}}}
    lines:
      - {name: x, rate: 0.10000000000000000000001, per: 1000, conditions: [{setting: s, values: [true, 2, no]}]}
      - {name: y, rate: "1.50"}`,
      "yaml",
    );
    const [first, second] = models[0]?.lines ?? [];
    expect(first?.price).to.deep.equal({ rate: "0.10000000000000000000001" });
    expect(first?.per).to.equal(1000n);
    expect(first?.conditions).to.deep.equal([{ setting: "s", values: ["true", "2", "no"] }]);
    expect(second?.price).to.deep.equal({ rate: "1.50" });
    expect(models[0]?.settingsSchema).to.have.nested.property("properties.n.minimum", 1);
  });

  for (const [title, text, problem] of BROKEN) {
    it(`is refused with ${title}`, () => {
      const faults = readRateCardFile(text, "yaml");
      expect("models" in faults ? "" : faults[0]?.problem).to.include(problem);
    });
  }
});

function read(text: string, format: FileFormat): RateCard {
  const card = readRateCardFile(text, format);
  if (!("models" in card)) throw new Error(card.map(({ problem }) => problem).join("\n"));
  return card;
}
