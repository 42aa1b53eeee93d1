import { create, type DescMessage } from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import { expect } from "chai";
import { isSurelyValid } from "../../src/rpc/quick-check.ts";
import { type MadeField, type MadeMessage, makeContract } from "../support/made-contract.ts";

const STRING_VALUE = ".google.protobuf.StringValue";
const MIN_LEN = { case: "string", value: { minLen: 2n } } as const;

type Row = Readonly<{ name: string; field: Omit<MadeField, "name">; bad: unknown }>;

/** Each has a rule that the check does not know, and a value that breaks it. */
const UNKNOWN: readonly Row[] = [
  {
    name: "Prefix",
    field: { type: "string", rules: { type: { case: "string", value: { prefix: "p" } } } },
    bad: "x",
  },
  {
    name: "Const",
    field: { type: "int64", rules: { type: { case: "int64", value: { const: 5n } } } },
    bad: 6n,
  },
  {
    name: "Unique",
    field: { type: "string", repeated: true, rules: { type: { case: "repeated", value: { unique: true } } } },
    bad: ["a", "a"],
  },
  {
    name: "ItemCel",
    field: {
      type: "int64",
      repeated: true,
      rules: { type: { case: "repeated", value: { items: { celExpression: ["this > 1"] } } } },
    },
    bad: [1n],
  },
  {
    name: "Less",
    field: {
      type: ".google.protobuf.Duration",
      rules: { type: { case: "duration", value: { lessThan: { case: "lt", value: { seconds: 5n } } } } },
    },
    bad: { $typeName: "google.protobuf.Duration", seconds: 5n, nanos: 0 },
  },
  { name: "Cel", field: { type: "int64", rules: { celExpression: ["this > 1"] } }, bad: 1n },
  { name: "Required", field: { type: "string", rules: { required: true } }, bad: "" },
  {
    name: "Wrappers",
    field: {
      type: STRING_VALUE,
      repeated: true,
      rules: { type: { case: "repeated", value: { items: { type: MIN_LEN } } } },
    },
    bad: [{ $typeName: "google.protobuf.StringValue", value: "a" }],
  },
];

/** Kinds that contain themselves and each other, and rules of a whole message and of a wrapper in a oneof. */
const OTHERS: readonly MadeMessage[] = [
  {
    name: "Tree",
    fields: [
      { name: "value", type: "string", rules: { type: MIN_LEN } },
      { name: "left", type: ".made.Tree" },
      { name: "leaf", type: ".made.Leaf" },
    ],
  },
  {
    name: "Leaf",
    fields: [
      { name: "tree", type: ".made.Tree" },
      { name: "value", type: "int64", rules: { celExpression: ["this != 1"] } },
    ],
  },
  {
    name: "Whole",
    fields: [{ name: "value", type: "int64" }],
    rules: { celExpression: ["this.value > 1"] },
  },
  { name: "Choice", fields: [{ name: "value", type: STRING_VALUE, oneof: true, rules: { type: MIN_LEN } }] },
];

describe("isSurelyValid of what the contract does not have", () => {
  const made = makeContract([
    ...UNKNOWN.map(({ name, field }) => ({ name, fields: [{ name: "value", ...field }] })),
    ...OTHERS,
  ]);
  const validator = createValidator();

  const expectRefused = (schema: DescMessage, fields: object): void => {
    const message = { ...create(schema), ...fields };
    expect(validator.validate(schema, message).kind).to.equal("invalid");
    expect(isSurelyValid(schema, message)).to.equal(false);
  };

  for (const { name, bad } of UNKNOWN) {
    it(`leaves a rule that it does not know to the library: ${name}`, () => {
      expectRefused(made(name), { value: bad });
    });
  }

  it("leaves a rule of a whole message to the library, and that of a wrapper in a oneof", () => {
    expectRefused(made("Whole"), { value: 1n });
    const value = { $typeName: "google.protobuf.StringValue", value: "a" };
    expectRefused(made("Choice"), { choice: { case: "value", value } });
  });

  it("looks at messages that contain their own kind, however deep, and at kinds that contain each other", () => {
    const tree = (value: string, fields: object = {}): object => ({
      ...create(made("Tree")),
      value,
      ...fields,
    });
    const leaf = (value: bigint, fields: object = {}): object => ({
      ...create(made("Leaf")),
      value,
      ...fields,
    });
    const deep = tree("abcd", { left: tree("abcd", { left: tree("abcd") }) });
    expect(isSurelyValid(made("Tree"), deep)).to.equal(true);
    expectRefused(made("Tree"), { value: "abcd", left: tree("abcd", { left: tree("a") }) });
    expectRefused(made("Tree"), { value: "abcd", leaf: leaf(1n) });
    // The library makes the plan of a kind within its own plan, finds it empty, and misses these.
    const between = tree("abcd", { leaf: leaf(2n, { tree: tree("a") }) });
    expect(isSurelyValid(made("Tree"), between)).to.equal(false);
    const twice = leaf(2n, { tree: tree("abcd", { leaf: leaf(1n) }) });
    expect(isSurelyValid(made("Leaf"), twice)).to.equal(false);
  });
});
