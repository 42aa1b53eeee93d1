import { create, type DescMessage, getOption, type Message, toJson } from "@bufbuild/protobuf";
import { usedTypes } from "@bufbuild/protobuf/reflect";
import { createValidator } from "@bufbuild/protovalidate";
import {
  FieldRulesSchema,
  field as fieldRules,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { expect } from "chai";
import {
  ApplyBatchRequestSchema,
  ChargeCreditsRequestSchema,
  ReleaseReservationRequestSchema,
  ReserveCreditsRequestSchema,
  SettleReservationRequestSchema,
} from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { isSurelyValid } from "../../src/rpc/quick-check.ts";
import { Random } from "../simulator/random.ts";
import { REQUESTS } from "../support/contract.ts";
import { randomMessage } from "../support/random-message.ts";

const EACH = 1_000;
const UUID = "018f3c2e-7d5a-7c3b-9e1f-2a4b6c8d0e1f";
/** In the JSON of a field's rules, wherever in them. */
const PATTERN = /"pattern":"((?:[^"\\]|\\.)*)"/g;
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

  const reservation = (fields: object): Message =>
    create(ReserveCreditsRequestSchema, { ...good, ...fields } as never);
  const labels = (count: number, key = "key"): object =>
    Object.fromEntries(Array.from({ length: count }, (_, place) => [`${key}${place || ""}`, ""]));
  const batch = (count: number): Message => {
    const operation = { operation: { case: "reserve", value: good } } as const;
    return create(ApplyBatchRequestSchema, { operations: Array.from({ length: count }, () => operation) });
  };

  /** What is at a limit, and what is beyond it. */
  const limits: readonly Readonly<{ name: string; schema: DescMessage; at: Message; beyond: Message }>[] = [
    {
      name: "labels",
      schema: ReserveCreditsRequestSchema,
      at: reservation({ context: { labels: labels(16) } }),
      beyond: reservation({ context: { labels: labels(17) } }),
    },
    {
      name: "a label's key",
      schema: ReserveCreditsRequestSchema,
      at: reservation({ context: { labels: labels(1, "k".repeat(64)) } }),
      beyond: reservation({ context: { labels: labels(1, "k".repeat(65)) } }),
    },
    {
      name: "a label's characters",
      schema: ReserveCreditsRequestSchema,
      at: reservation({ context: { labels: labels(1, "k:/@") } }),
      beyond: reservation({ context: { labels: labels(1, "k k") } }),
    },
    {
      name: "the shortest hold",
      schema: ReserveCreditsRequestSchema,
      at: reservation({ timeToLive: { seconds: 1n } }),
      beyond: reservation({ timeToLive: { seconds: 0n, nanos: 999_999_999 } }),
    },
    {
      name: "the longest hold",
      schema: ReserveCreditsRequestSchema,
      at: reservation({ timeToLive: { seconds: 604_800n } }),
      beyond: reservation({ timeToLive: { seconds: 604_800n, nanos: 1 } }),
    },
    { name: "operations", schema: ApplyBatchRequestSchema, at: batch(1_000), beyond: batch(1_001) },
  ];
  for (const { name, schema, at, beyond } of limits) {
    it(`passes what is at a limit and leaves what is beyond it to the library: ${name}`, () => {
      expect(isSurelyValid(schema, at)).to.equal(true);
      expect(isValid(schema, at)).to.equal(true);
      expect(isSurelyValid(schema, beyond)).to.equal(false);
      expect(isValid(schema, beyond)).to.equal(false);
    });
  }

  it("is asked for no pattern that could take long: each is one class of characters", () => {
    const kinds = new Set([...REQUESTS, ...REQUESTS.flatMap((schema) => [...usedTypes(schema)])]);
    const fields = [...kinds].flatMap((kind) => (kind.kind === "message" ? kind.fields : []));
    const rules = fields.map((field) => toJson(FieldRulesSchema, getOption(field, fieldRules)));
    const found = JSON.stringify(rules).matchAll(PATTERN);
    const patterns = new Set([...found].map(([, pattern]) => JSON.parse(`"${pattern}"`)));
    expect(patterns.size).to.be.greaterThan(1);
    for (const pattern of patterns) expect(pattern).to.match(/^\^\[[^\]]+\](?:[*+]|\{\d+\})\$$/);
  });
});
