import { Code, ConnectError } from "@connectrpc/connect";
import { expect } from "chai";
import { DEFAULT_RETRY_POLICY, pauseBeforeRetry } from "../../src/client/retry-policy.ts";
import { serviceError } from "./service-error.ts";

const FOREVER = Number.POSITIVE_INFINITY;
const ALMOST_ONE = 1 - Number.EPSILON;
const AWAY = new ConnectError("away", Code.Unavailable);

function pause(
  attempt: number,
  random: number,
  { error = AWAY, remainingMs = FOREVER } = {},
): number | undefined {
  return pauseBeforeRetry(DEFAULT_RETRY_POLICY, { error, attempt, remainingMs, random });
}

describe("the pause before a retry", () => {
  const BOUNDS_MS = [100, 200, 400, 800, 1_600, 2_000, 2_000];
  for (const [index, boundMs] of BOUNDS_MS.entries()) {
    it(`is anything from 0 to ${boundMs} ms after attempt ${index + 1}`, () => {
      expect(pause(index + 1, 0)).to.equal(0);
      expect(pause(index + 1, 0.5)).to.equal(boundMs / 2);
      expect(pause(index + 1, ALMOST_ONE)).to.be.within(boundMs - 0.001, boundMs);
    });
  }

  it("is none after the last attempt", () => {
    expect(pause(DEFAULT_RETRY_POLICY.attemptsMax, 0)).to.equal(undefined);
  });

  it("comes after what the service asks for, even where that is longer than the longest pause", () => {
    const error = serviceError({ code: Code.ResourceExhausted, reason: "OVERLOADED", retryDelayMs: 3_000 });
    expect(pause(1, 0, { error })).to.equal(3_000);
    expect(pause(1, 0.5, { error })).to.equal(3_050);
  });

  it("is none where the call's deadline would pass meanwhile", () => {
    expect(pause(3, 0.5, { remainingMs: 200 })).to.equal(undefined);
    expect(pause(3, 0.5, { remainingMs: 201 })).to.equal(200);
  });

  it("is never longer than a timer can be", () => {
    const error = serviceError({ code: Code.Unavailable, reason: "DRAINING", retryDelayMs: 10 ** 12 });
    expect(pause(1, 0, { error })).to.equal(2 ** 31 - 1);
  });

  it("is not shortened by a negative delay", () => {
    const error = serviceError({ code: Code.Unavailable, reason: "DRAINING", retryDelayMs: -5_000 });
    expect(pause(1, 0.5, { error })).to.equal(50);
  });
});
