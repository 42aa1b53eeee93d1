import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";

/** A request in JSON, as curl sends it. */
export type Json = { readonly [field: string]: unknown };

/** One way in which a request is bad. */
export type BadRequest = Readonly<{
  what: string;
  request: Json;
  /** The field that the violation must name; undefined where the JSON itself does not fit the message. */
  field: string | undefined;
}>;

type Bad = Readonly<{ what: string; value: unknown; unparsable?: true }>;

const MISSING = Symbol("missing");
const LONG = "a".repeat(129);

const BAD_ID: readonly Bad[] = [
  { what: "too long", value: LONG },
  { what: "with a space", value: "a b" },
  { what: "not ASCII", value: "crédits" },
  { what: "with NUL", value: "a\u0000b" },
  { what: "a number", value: 7, unparsable: true },
];
const BAD_REQUIRED_ID: readonly Bad[] = [
  { what: "missing", value: MISSING },
  { what: "empty", value: "" },
  ...BAD_ID,
];
const BAD_UUID: readonly Bad[] = [
  { what: "missing", value: MISSING },
  { what: "empty", value: "" },
  { what: "not a UUID", value: "reservation-1" },
  { what: "a UUID cut short", value: "0199c2a4-7d31-7a53-9c5e-3f1d2b6a8e" },
  { what: "too long", value: LONG },
];
const BAD_AMOUNT: readonly Bad[] = [
  { what: "negative", value: "-1" },
  { what: "above 10^15", value: "1000000000000001" },
  { what: "above int64", value: "9223372036854775808", unparsable: true },
  { what: "a fraction", value: "1.5", unparsable: true },
  { what: "not a number", value: "many", unparsable: true },
];
const BAD_ENUM: readonly Bad[] = [
  { what: "unknown by number", value: 99 },
  { what: "unknown by name", value: "GRANT_KIND_STOLEN", unparsable: true },
];
const BAD_DURATION: readonly Bad[] = [
  { what: "zero", value: "0s" },
  { what: "negative", value: "-5s" },
  { what: "above 7 days", value: "604801s" },
  { what: "not a duration", value: "soon", unparsable: true },
];
const BAD_TIME: readonly Bad[] = [{ what: "not a time", value: "tomorrow", unparsable: true }];
const BAD_COUNT: readonly Bad[] = [{ what: "negative", value: -1 }];
const BAD_TOKEN: readonly Bad[] = [
  { what: "garbage", value: "bm90IGEgdG9rZW4" },
  { what: "too long", value: "a".repeat(1025) },
  { what: "with NUL", value: "a\u0000b" },
];
/** PostgreSQL's text and JSON hold every character but NUL; what is half of a surrogate pair is none. */
const BAD_TEXT: readonly Bad[] = [
  { what: "too long", value: "x".repeat(257) },
  { what: "with NUL", value: "a\u0000b" },
  { what: "only NUL", value: "\u0000" },
  { what: "half a character", value: "a\ud800", unparsable: true },
];
const BAD_LABELS: readonly Bad[] = [
  { what: "17", value: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`label-${n}`, "x"])) },
  { what: "with a long value", value: { label: "x".repeat(257) } },
  { what: "with a bad key", value: { "a key": "x" } },
  { what: "with NUL in a value", value: { label: "a\u0000b" } },
  { what: "with NUL in a key", value: { "a\u0000b": "x" } },
  { what: "with half a character in a value", value: { label: "\udc00" }, unparsable: true },
  { what: "with half a character in a key", value: { "\udc00": "x" }, unparsable: true },
];

const BAD_MEASURES: readonly Bad[] = [
  { what: "33", value: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`measure_${n}`, "1"])) },
  { what: "with a long value", value: { output_tokens: "1".repeat(65) } },
  { what: "with a long name", value: { ["x".repeat(65)]: "1" } },
];

/** Every field of a message made bad in every way that its kind allows. */
export function badRequests(message: DescMessage, good: Json): readonly BadRequest[] {
  return message.fields.flatMap((field) => badField(message, field, good));
}

function badField(message: DescMessage, field: DescField, good: Json): readonly BadRequest[] {
  const nested =
    field.fieldKind === "message" && field.message.typeName.startsWith("pleyor.") ? field.message : undefined;
  // A catalogue is checked whole, by rules that name every fault at once.
  if (nested?.name === "Catalogue") return [];
  if (nested) {
    const inner = (good[field.jsonName] ?? {}) as Json;
    // What else its oneof could have would be a second fault.
    const others = new Set(field.oneof?.fields.map(({ jsonName }) => jsonName));
    const beside = Object.fromEntries(Object.entries(good).filter(([name]) => !others.has(name)));
    return badRequests(nested, inner).map((bad) => ({
      ...bad,
      what: `${field.name}.${bad.what}`,
      request: { ...beside, [field.jsonName]: bad.request },
    }));
  }
  return waysOf(message, field).map(({ what, value, unparsable }) => {
    const others = without(good, field);
    const request = value === MISSING ? others : { ...others, [field.jsonName]: value };
    // A oneof that is missing is named itself.
    const named = value === MISSING && field.oneof ? field.oneof.name : field.name;
    return { what: `${field.name}: ${what}`, request, field: unparsable ? undefined : named };
  });
}

/** What stands in for it in a oneof goes as well: JSON that has both is no message. */
function without(good: Json, field: DescField): Json {
  const left = new Set([field, ...(field.oneof?.fields ?? [])].map(({ jsonName }) => jsonName));
  return Object.fromEntries(Object.entries(good).filter(([name]) => !left.has(name)));
}

/** By name, where a field's kind does not tell. */
const WAYS_BY_NAME: Readonly<Record<string, readonly Bad[]>> = {
  organization_id: BAD_REQUIRED_ID,
  reference: BAD_REQUIRED_ID,
  request_id: BAD_UUID,
  reservation_id: BAD_UUID,
  grant_id: BAD_UUID,
  version: [
    { what: "missing", value: MISSING },
    { what: "negative", value: "-1" },
  ],
  page_size: BAD_COUNT,
  page_token: BAD_TOKEN,
  resume_token: BAD_TOKEN,
  hash: [
    { what: "missing", value: MISSING },
    { what: "too short", value: "AAAA" },
    { what: "not base64", value: "*", unparsable: true },
  ],
  reason: BAD_TEXT,
  plan_id: BAD_REQUIRED_ID,
  pack_id: [{ what: "empty", value: "" }, ...BAD_ID],
  count: BAD_COUNT,
  group_limit: BAD_COUNT,
  workspaces: BAD_COUNT,
  members: BAD_COUNT,
  agents: BAD_COUNT,
};

const OF_ALL = ["VerifyLedgerRequest", "ExportTransactionsRequest"];

/** Elsewhere a run is a filter, or context. */
const REQUIRE_RUN = ["ReleaseRunRequest", "GetRunRequest"];

function waysOf(message: DescMessage, field: DescField): readonly Bad[] {
  switch (field.fieldKind) {
    case "enum":
      return [{ what: "missing", value: MISSING }, { what: "zero", value: 0 }, ...BAD_ENUM];
    case "map":
      return field.name === "labels" ? BAD_LABELS : BAD_MEASURES;
    case "list":
      return badList(field);
    case "message":
      return field.message.name === "Duration" ? BAD_DURATION : BAD_TIME;
    default:
      return field.name.endsWith("amount_micros") ? waysOfAmount(field) : waysOfScalar(message, field);
  }
}

function isOptional({ oneof, presence }: DescField): boolean {
  return oneof === undefined && presence === FeatureSet_FieldPresence.EXPLICIT;
}

/** What may be left out has a meaning of its own then, so that zero has none. */
function waysOfAmount(field: DescField): readonly Bad[] {
  return [
    isOptional(field) ? { what: "zero", value: "0" } : { what: "missing", value: MISSING },
    ...BAD_AMOUNT,
  ];
}

/** An id that may be left out must not be empty all the same. */
function waysOfScalar(message: DescMessage, field: DescField): readonly Bad[] {
  const { name } = field;
  if (name === "run_id" && REQUIRE_RUN.includes(message.name)) return BAD_REQUIRED_ID;
  // Empty stands for all of them.
  if (name === "organization_id" && OF_ALL.includes(message.name)) return BAD_ID;
  const byName = WAYS_BY_NAME[name];
  if (byName === BAD_REQUIRED_ID && isOptional(field)) return byName.filter(({ value }) => value !== MISSING);
  if (byName) return byName;
  return name.endsWith("_id") ? BAD_ID : [{ what: "of a wrong type", value: "perhaps", unparsable: true }];
}

function badList(field: DescField & { fieldKind: "list" }): readonly Bad[] {
  if (field.listKind === "enum") {
    return [
      { what: "with zero", value: [0] },
      { what: "with an unknown number", value: [99] },
      { what: "with an unknown name", value: ["STOLEN"], unparsable: true },
    ];
  }
  return [
    { what: "missing", value: MISSING },
    { what: "empty", value: [] },
    { what: "1,001 items", value: Array.from({ length: 1001 }, () => ({})) },
  ];
}
