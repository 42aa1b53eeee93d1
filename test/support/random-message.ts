import { create, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import type { Random } from "../simulator/random.ts";

const DEPTH_MAX = 5;
const ITEMS_MAX = 4;
const UUID = "018f3c2e-7d5a-7c3b-9e1f-2a4b6c8d0e1f";
/** Often one that nearly all rules allow, so that most of them are met in a message that breaks one. */
const TEXTS = [
  ...new Array<string>(12).fill(UUID),
  "",
  "a",
  "no id!",
  "a\u0000b",
  `${UUID}0`,
  "ünïcode",
  "🙂",
  "x".repeat(48),
  "é".repeat(49),
  "x".repeat(128),
  "x".repeat(129),
  "🙂".repeat(128),
  "🙂".repeat(129),
  "x".repeat(257),
];
const INTS = [0, 0, 0, 1, 1, 1, 127, 128, 16_383, 16_384, 2 ** 31 - 1, -1, -(2 ** 31)];
const LARGE = [
  1n,
  1n,
  1n,
  1n,
  1n,
  0n,
  10n ** 15n,
  10n ** 15n + 1n,
  604_800n,
  604_801n,
  127n,
  128n,
  2n ** 49n,
  2n ** 53n - 1n,
  2n ** 53n + 1n,
  2n ** 54n + 1n,
  2n ** 53n,
  2n ** 63n - 1n,
];
const NEGATIVE = [-1n, -128n, -(2n ** 53n), -(2n ** 63n)];
const JSON_OBJECTS = [{}, { quality: "high", sizes: [1, 2, null], deep: { on: true } }];

/** A message of a kind with any of its fields set, to zeros, limits and texts of every length. */
export function randomMessage(schema: DescMessage, random: Random, depth = 0): Message {
  const message = create(schema) as Message & Record<string, unknown>;
  for (const member of schema.members) {
    if (random.below(3) === 0) continue;
    if (member.kind === "oneof") {
      const field = random.pick(member.fields);
      const value = singular(field, random, depth);
      if (value !== undefined) message[member.localName] = { case: field.localName, value };
    } else {
      const value = fieldValue(member, random, depth);
      if (value !== undefined) message[member.localName] = value;
    }
  }
  return message;
}

function fieldValue(field: DescField, random: Random, depth: number): unknown {
  if (field.fieldKind !== "list" && field.fieldKind !== "map") return singular(field, random, depth);
  const items = Array.from({ length: random.below(ITEMS_MAX) }, () => singular(field, random, depth));
  const found = items.filter((item) => item !== undefined);
  if (field.fieldKind === "list") return found;
  return Object.fromEntries(found.map((item, place) => [`key${place}`, item]));
}

/** Undefined where messages are in each other already. */
function singular(field: DescField, random: Random, depth: number): unknown {
  if (field.message) {
    if (field.message.typeName === "google.protobuf.Struct") return random.pick(JSON_OBJECTS);
    return depth < DEPTH_MAX ? randomMessage(field.message, random, depth + 1) : undefined;
  }
  if (field.enum) return random.pick(field.enum.values).number;
  return scalar(field.scalar ?? ScalarType.STRING, random);
}

function scalar(type: ScalarType, random: Random): unknown {
  switch (type) {
    case ScalarType.BOOL:
      return random.below(2) === 1;
    case ScalarType.STRING:
      return random.pick(TEXTS);
    case ScalarType.BYTES:
      return Uint8Array.from({ length: random.below(200) }, () => random.below(256));
    case ScalarType.INT64:
      return random.pick([...LARGE, ...NEGATIVE]);
    default:
      return random.pick(INTS);
  }
}
