import { readFileSync } from "node:fs";
import { expect } from "chai";
import { FieldError } from "../../../demo/json-fields.ts";
import { parseRun, type Run } from "../../../demo/run-file.ts";

const TEXT = readFileSync(new URL("../../../demo/run.json", import.meta.url), "utf8");

/** The demo's own run with one text replaced by another. */
function edited(from: string, to: string): string {
  expect(TEXT, "the text to replace").to.include(from);
  return TEXT.replace(from, to);
}

describe("the demo's run", () => {
  const run: Run = parseRun(TEXT);

  it("has models of all kinds", () => {
    expect(new Set(run.nodes.map(({ kind }) => kind))).to.have.keys("image", "video", "text", "audio");
  });

  it("has nodes that cost less, more and as much as estimated, one that fails and one charged in one step", () => {
    const fates = run.nodes.map(({ outcome, estimateMicros }) => {
      if (outcome.type !== "settle") {
        return outcome.type;
      }
      const { costMicros } = outcome;
      return costMicros === estimateMicros ? "as estimated" : costMicros < estimateMicros ? "below" : "above";
    });
    expect(fates).to.include.members(["below", "above", "as estimated", "fail", "charge"]);
  });

  it("needs more than it starts with, and its top-up covers the rest", () => {
    const granted = run.grants.reduce((sum, { amountMicros }) => sum + amountMicros, 0n);
    const costs = run.nodes.reduce(
      (sum, { outcome }) => sum + (outcome.type === "fail" ? 0n : outcome.costMicros),
      0n,
    );
    expect(costs > granted).to.equal(true);
    expect(costs < granted + (run.topUpMicros ?? 0n)).to.equal(true);
  });
});

describe("a run's file with a mistake", () => {
  const MISTAKES: readonly (readonly [text: string, message: string])[] = [
    ["{", "the file: is not JSON"],
    ["[]", "the file: should be a JSON object"],
    [
      edited('"organization": "demo"', '"organization": "de mo"'),
      'organization: is "de mo", but should be 1 to 128',
    ],
    [edited('"agent": "storyboard-agent",', ""), "agent: is missing, but should be"],
    [edited('"agent"', '"agnet"'), "agnet: is none of organization"],
    [
      edited('"kind": "purchased"', '"kind": "gift"'),
      'grants[0].kind: is "gift", but should be one of subscription',
    ],
    [
      edited('"credits": "200"', '"credits": 200'),
      "grants[0].credits: is 200, but should be credits as decimal text",
    ],
    [edited('"credits": "200"', '"credits": "0"'), 'grants[0].credits: is "0", but should be above zero'],
    [
      edited('"credits": "200"', '"credits": "200", "expiresInDays": 3'),
      "grants[0].expiresInDays: is 3, but purchased credits never expire",
    ],
    [
      edited(', "expiresInDays": 14', ""),
      "grants[2].expiresInDays: is missing, but should be a whole number from 1 to 366",
    ],
    [
      edited('"credits": "1000"', '"credits": "1e3"'),
      'topUp.credits: is "1e3", but should be credits as decimal',
    ],
    [
      edited('"estimate": "6.76"', '"estimate": "6,76"'),
      'nodes[0].estimate: is "6,76", but should be credits',
    ],
    [edited('"estimate": "6.76"', '"estimate": "-1"'), 'nodes[0].estimate: is "-1"'],
    [
      edited('"node": "keyframes"', '"node": "script"'),
      'nodes[1].node: is "script", but another node has this name',
    ],
    [edited('"kind": "text"', '"kind": "music"'), 'nodes[0].kind: is "music", but should be one of image'],
    [
      edited('"durationMs": 400', '"durationMs": 0.5'),
      "nodes[0].durationMs: is 0.5, but should be a whole number",
    ],
    [edited('"images": 4', '"images": [4]'), "nodes[1].settings.images: is [4], but should be text"],
    [
      edited('{ "settle": "5.59" }', "{}"),
      "nodes[0].outcome: should have exactly one of settle, fail, charge",
    ],
    [
      edited('{ "settle": "5.59" }', '{ "settle": "1", "charge": "1" }'),
      "nodes[0].outcome: should have exactly one of settle, fail, charge",
    ],
    [
      edited('{ "settle": "5.59" }', '{ "settle": "x" }'),
      'nodes[0].outcome.settle: is "x", but should be credits',
    ],
    [edited('{ "settle": "5.59" }', '"5.59"'), "nodes[0].outcome: should be a JSON object"],
  ];
  for (const [text, message] of MISTAKES) {
    it(`is told the field: ${message}`, () => {
      expect(() => parseRun(text)).to.throw(FieldError, message);
    });
  }
});
