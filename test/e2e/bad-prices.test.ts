import { randomUUID } from "node:crypto";
import { create, toJson } from "@bufbuild/protobuf";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { expect } from "chai";
import { PricingService } from "../../gen/pleyor/pricing/v1/pricing_service_pb.ts";
import { type RateCard, RateCardSchema } from "../../gen/pleyor/pricing/v1/rate_card_pb.ts";
import type { Model, PriceLine } from "../../src/domain/pricing/model.ts";
import { line, measure, model } from "../domain/support/model.ts";
import { type JsonCaller, jsonOverHttp, jsonOverTransport } from "../support/json-caller.ts";
import { cardOf, DOORS, type Door, painter } from "../support/priced-service.ts";
import { type RunningService, startService } from "../support/running-service.ts";

const { publishRateCard, estimateCost, estimateRun, listRateCards } = PricingService.method;

/** "Within 100 ms" is about the work; this bound leaves room for a machine that does other things as well. */
const ANSWER_MS_MAX = 1_000;

const tokens = (more: Partial<PriceLine>): RateCard =>
  cardOf(model({ lines: [...model().lines, line("extra", { quantity: ["tokens"], ...more })] }));
const tiers = (...list: readonly (readonly [string | undefined, string])[]) =>
  tokens({
    price: { mode: "GRADUATED", size: [], tiers: list.map(([upTo, rate]) => ({ upTo, rate })) },
  });
const unused = (name: string): Model =>
  painter("1", {
    settingsSchema: {
      type: "object",
      additionalProperties: false,
      properties: {
        n: { type: "integer", minimum: 1, maximum: 10, default: 1 },
        [name]: { type: "string", enum: ["a", "b"], default: "a" },
      },
    },
  });

/** What is wrong with a card, and what the refusal must name. */
const CARDS: readonly (readonly [title: string, card: RateCard, named: string])[] = [
  ["a negative price", tokens({ price: { rate: "-3" } }), "lines.extra.rate"],
  ["an infinite price", tokens({ price: { rate: "Infinity" } }), "lines.extra.rate"],
  ["a price that is no number", tokens({ price: { rate: "NaN" } }), "lines.extra.rate"],
  ["no price", tokens({ price: { rate: "" } }), "lines.extra.rate"],
  ["a line over an unknown measure or setting", tokens({ quantity: ["words"] }), "lines.extra.quantity"],
  [
    "a condition over an unknown setting",
    tokens({ conditions: [{ setting: "mood", values: ["good"] }] }),
    "lines.extra.conditions",
  ],
  ["overlapping tiers", tiers(["100", "1"], ["50", "2"], [undefined, "3"]), "lines.extra.tiers"],
  ["a setting that no line uses", cardOf(unused("mood")), "mood"],
  ["a measure twice", cardOf(model({ measures: [...model().measures, measure("tokens")] })), "measures"],
  ["duplicate models", cardOf(painter("1"), painter("2")), "model_id"],
  ["no models", create(RateCardSchema, { title: "empty" }), "models"],
];

/** What an estimate asks for, the reason, and what the refusal must name. */
const ESTIMATES: readonly (readonly [title: string, request: object, reason: string, named: string])[] = [
  ["an unknown model", { modelId: "poet" }, "MODEL_NOT_FOUND", "poet"],
  ["an unknown setting", { settings: { mood: "good" } }, "SETTINGS_INVALID", "mood"],
  ["a value of the wrong type", { settings: { n: "many" } }, "SETTINGS_INVALID", "n"],
  ["a count of ten billion", { settings: { n: 10_000_000_000 } }, "SETTINGS_INVALID", "n"],
  ["a count that is no whole number", { settings: { n: 1.5 } }, "SETTINGS_INVALID", "n"],
  ["a count beyond numbers", { settings: { n: 1e300 } }, "SETTINGS_INVALID", "n"],
  ["a nested value", { settings: { n: { of: [1, [2]] } } }, "SETTINGS_INVALID", "n"],
  ["a setting that every object has", { settings: { constructor: 2 } }, "SETTINGS_INVALID", "constructor"],
  ["an unknown measure", { knownUsage: { words: "7" } }, "USAGE_INVALID", "words"],
  ["usage that is no decimal", { knownUsage: { images: "1e9" } }, "USAGE_INVALID", "images"],
  ["usage of more than there is", { knownUsage: { images: "1000000000001" } }, "USAGE_INVALID", "images"],
];

for (const door of DOORS) {
  describe(`bad prices by the ${door} door`, () => {
    let service: RunningService;
    let call: JsonCaller;

    before(async () => {
      service = await startService();
      call = callerOf(service, door);
      const rateCard = toJson(RateCardSchema, cardOf(painter("0.5")));
      expect((await call(publishRateCard, { requestId: randomUUID(), rateCard })).code).to.equal("ok");
    });

    after(() => service.stop());

    it("a card whose title holds NUL, which no database keeps in a text, is refused by that field", async () => {
      const rateCard = toJson(
        RateCardSchema,
        create(RateCardSchema, { ...cardOf(painter("1")), title: "\0" }),
      );
      const { reason, fields } = await call(publishRateCard, { requestId: randomUUID(), rateCard });
      expect([reason, fields]).to.deep.equal(["INVALID_REQUEST", ["rate_card.title"]]);
    });

    for (const [title, card, named] of CARDS) {
      it(`R-PRICE-5: a card with ${title} is refused whole, by name, in time, and others are answered`, async () => {
        const rateCard = toJson(RateCardSchema, card);
        const request = { requestId: randomUUID(), rateCard };
        const [answer, others] = await Promise.all([
          timed(publishRateCard, request),
          timed(listRateCards, {}),
        ]);
        expect(answer).to.deep.include({ code: "invalid_argument", reason: "RATE_CARD_INVALID" });
        expect(Object.values(answer.metadata).join(" ")).to.include(named);
        expect(others.code).to.equal("ok");
        const { body } = await call(listRateCards, {});
        expect((body as { rateCardVersions: unknown[] }).rateCardVersions).to.have.length(2);
      });
    }

    for (const [title, asked, reason, named] of ESTIMATES) {
      it(`R-PRICE-2: an estimate with ${title} is refused by name, in time, and others are answered`, async () => {
        const request = { modelId: "painter", ...asked };
        const nodes = [{ nodeId: "bad", ...request }];
        const [answer, run, others] = await Promise.all([
          timed(estimateCost, request),
          timed(estimateRun, { nodes }),
          timed(estimateCost, { modelId: "painter" }),
        ]);
        for (const refused of [answer, run]) {
          expect(refused.reason).to.equal(reason);
          expect(Object.values(refused.metadata)).to.include(named);
        }
        expect(run.metadata.node_id).to.equal("bad");
        expect(others.code).to.equal("ok");
      });
    }

    async function timed(...[method, request]: Parameters<JsonCaller>): ReturnType<JsonCaller> {
      const start = performance.now();
      const answer = await call(method, request);
      expect(performance.now() - start).to.be.lessThan(ANSWER_MS_MAX);
      return answer;
    }
  });
}

function callerOf({ grpcAddress, httpUrl }: RunningService, door: Door): JsonCaller {
  if (door === "Connect") return jsonOverHttp(httpUrl);
  return jsonOverTransport(createGrpcTransport({ baseUrl: `http://${grpcAddress}` }));
}
