import { create, type DescMessage } from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import { expect } from "chai";
import {
  ApplyBatchRequestSchema,
  ChargeCreditsRequestSchema,
  ReleaseReservationRequestSchema,
  ReserveCreditsRequestSchema,
  SettleReservationRequestSchema,
} from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { isSurelyValid } from "../../src/rpc/quick-check.ts";
import { REQUESTS } from "../support/contract.ts";
import { Random, randomMessage } from "../support/random-message.ts";

const EACH = 1_000;
const UUID = "018f3c2e-7d5a-7c3b-9e1f-2a4b6c8d0e1f";
/** The calls that a run makes: these must not be left to the library. */
const OFTEN: readonly DescMessage[] = [
  ReserveCreditsRequestSchema,
  SettleReservationRequestSchema,
  ReleaseReservationRequestSchema,
  ChargeCreditsRequestSchema,
  ApplyBatchRequestSchema,
];

describe("isSurelyValid", () => {
  const validator = createValidator();
  const isValid = (schema: DescMessage, message: object): boolean =>
    validator.validate(schema, message as never).kind === "valid";

  /** How many random messages are passed, and how many others the library finds valid. */
  const count = (schema: DescMessage): { sure: number; others: number } => {
    const counts = { sure: 0, others: 0 };
    for (let seed = 0; seed < EACH; seed++) {
      const message = randomMessage(schema, new Random(seed));
      const valid = isValid(schema, message);
      if (isSurelyValid(schema, message)) {
        expect(valid, `seed ${seed}`).to.equal(true);
        counts.sure += 1;
      } else if (valid) counts.others += 1;
    }
    return counts;
  };

  for (const schema of REQUESTS) {
    it(`passes no ${schema.typeName} that the library refuses`, () => {
      const { sure, others } = count(schema);
      if (OFTEN.includes(schema)) expect(sure).to.be.greaterThan(others);
    });
  }

  const cost = { case: "amountMicros", value: 1n } as const;
  const good = { organizationId: "acme", requestId: UUID, cost };

  it("passes a reservation with all that a run tells of itself", () => {
    const context = {
      runId: "run:1",
      nodeId: "n",
      agentId: "a",
      workspaceId: "w",
      memberId: "m",
      modelId: "x/y",
    };
    const labels = { team: "ünïcode", empty: "" };
    const message = { ...good, context: { ...context, labels }, timeToLive: { seconds: 604_800n } };
    expect(isSurelyValid(ReserveCreditsRequestSchema, create(ReserveCreditsRequestSchema, message))).to.equal(
      true,
    );
  });

  it("leaves one with too many labels to the library", () => {
    const labels = Object.fromEntries(Array.from({ length: 17 }, (_, place) => [`key${place}`, ""]));
    const message = create(ReserveCreditsRequestSchema, { ...good, context: { labels } });
    expect(isSurelyValid(ReserveCreditsRequestSchema, message)).to.equal(false);
    expect(isValid(ReserveCreditsRequestSchema, message)).to.equal(false);
  });
});
