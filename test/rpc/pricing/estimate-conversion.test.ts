import { toJson } from "@bufbuild/protobuf";
import { expect } from "chai";
import { EstimateSchema, RunEstimateSchema } from "../../../gen/pleyor/pricing/v1/estimate_pb.ts";
import { PricedRateCard } from "../../../src/domain/pricing/priced-rate-card.ts";
import { toProtoEstimate, toProtoRunEstimate } from "../../../src/rpc/pricing/estimate-conversion.ts";
import { settingsValidator } from "../../../src/service/pricing/settings-validator.ts";
import { card, line, model } from "../../domain/support/model.ts";

const third = line("images", { quantity: ["images"], per: 3n });
const CARD = new PricedRateCard(4n, card(model({ lines: [third] })), settingsValidator);
const CALL = { modelId: "painter", settings: { n: 2 }, known: new Map<string, string>() };

const ESTIMATE = {
  modelId: "painter",
  rateCardVersion: "4",
  minimumMicros: "666667",
  expectedMicros: "666667",
  maximumMicros: "666667",
  lines: [
    {
      name: "images",
      minimumQuantity: "2",
      expectedQuantity: "2",
      maximumQuantity: "2",
      minimumCredits: "0.666666666666",
      expectedCredits: "0.666666666666",
      maximumCredits: "0.666666666666",
    },
  ],
  settings: { quality: "standard", n: 2 },
};

describe("an estimate as a message", () => {
  it("has the version, the settings with their defaults, and shares cut off where decimals end", () => {
    const answer = CARD.estimate(CALL);
    const message = "value" in answer ? toProtoEstimate(answer.value, CARD.version) : undefined;
    expect(message && toJson(EstimateSchema, message)).to.deep.equal(ESTIMATE);
  });

  it("has the nodes of a run and their total", () => {
    const answer = CARD.estimateRun([CALL, CALL]);
    const message = "value" in answer ? toProtoRunEstimate(answer.value, ["a", "b"]) : undefined;
    expect(message && toJson(RunEstimateSchema, message)).to.deep.equal({
      rateCardVersion: "4",
      nodes: [
        { nodeId: "a", estimate: ESTIMATE },
        { nodeId: "b", estimate: ESTIMATE },
      ],
      minimumMicros: "1333334",
      expectedMicros: "1333334",
      maximumMicros: "1333334",
    });
  });
});
