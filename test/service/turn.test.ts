import { expect } from "chai";
import { nextTurn } from "../../src/service/turn.ts";

describe("a turn of the event loop", () => {
  it("comes after all that is asked for in this one, and holds some pieces of work", async () => {
    const done: string[] = [];
    const turn = nextTurn().then((pieces) => {
      done.push("turn");
      return pieces;
    });
    await new Promise((resolve) => process.nextTick(resolve));
    done.push("this one");
    expect(await turn).to.be.at.least(16);
    expect(done).to.deep.equal(["this one", "turn"]);
  });

  it("holds more pieces after one that took long, or work would pile up", async () => {
    const turn = nextTurn();
    const until = performance.now() + 20;
    while (performance.now() < until);
    expect(await turn).to.be.at.least(200);
  });
});
