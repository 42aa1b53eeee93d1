import { expect } from "chai";
import { inspectRateCard } from "../../../src/service/pricing/rate-card-inspection.ts";
import { card, line, model } from "../../domain/support/model.ts";

const LARGE = card(...Array.from({ length: 5_000 }, (_, index) => model({ modelId: `m${index}` })));

describe("the inspection of a rate card", () => {
  it("answers others meanwhile", async () => {
    let turns = 0;
    const others = setInterval(() => {
      turns += 1;
    }, 1);
    try {
      expect(await inspectRateCard(LARGE, new AbortController().signal)).to.equal(undefined);
    } finally {
      clearInterval(others);
    }
    expect(turns).to.be.greaterThan(2);
  });

  it("ends when nobody waits for it any more", async () => {
    const controller = new AbortController();
    const inspection = inspectRateCard(LARGE, controller.signal);
    controller.abort();
    expect(await inspection.catch((error: Error) => error.name)).to.equal("AbortError");
  });

  it("tells what is wrong", async () => {
    const broken = card(model({ lines: [line("tokens", { price: { rate: "-1" } })] }));
    const refusal = await inspectRateCard(broken, new AbortController().signal);
    expect(refusal?.faults.map(({ place }) => place)).to.include("lines.tokens.rate");
  });
});
