import { fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import {
  Document,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type ParsedNode,
  parseDocument,
  visit,
} from "yaml";
import { RateCardSchema } from "../../../gen/pleyor/pricing/v1/rate_card_pb.ts";
import type { RateCard, RateCardFault } from "../../domain/pricing/model.ts";
import { fromProtoRateCard, toProtoRateCard } from "./rate-card-conversion.ts";

export type FileFormat = "yaml" | "json";

/** Everything else in a card's file is text, so that a rate is the decimal that stands there, never a float. */
const SCHEMA_FIELDS = ["settings_schema", "settingsSchema"];
const FLOW_LENGTH_MAX = 90;

/**
 * Reads a rate card's file: the JSON of the message RateCard, or the same as YAML. Gives what is wrong with the
 * file where it can't be read; whether the card can be published is told by `checkRateCard`.
 */
export function readRateCardFile(text: string, format: FileFormat): RateCard | readonly RateCardFault[] {
  try {
    const json = format === "json" ? (JSON.parse(text) as JsonValue) : readYaml(text);
    return fromProtoRateCard(fromJson(RateCardSchema, json));
  } catch (error) {
    return [{ modelId: "", place: "file", problem: error instanceof Error ? error.message : String(error) }];
  }
}

/** The file of a card; reading it gives the same card again. */
export function writeRateCardFile(card: RateCard, format: FileFormat): string {
  const json = toJson(RateCardSchema, toProtoRateCard(card), { useProtoFieldName: true });
  if (format === "json") return `${JSON.stringify(json, undefined, 1)}\n`;
  const document = new Document(json, { aliasDuplicateObjects: false });
  // What is small and has no parts of its own fits on a line; the file is to be read.
  visit(document, {
    Collection: (_key, node) => {
      const isFlat = node.items.every((item) => isScalar(isPair(item) ? item.value : item));
      node.flow = isFlat && JSON.stringify(node).length <= FLOW_LENGTH_MAX;
    },
  });
  return document.toString({ lineWidth: 110, flowCollectionPadding: false });
}

function readYaml(text: string): JsonValue {
  const document = parseDocument(text, { uniqueKeys: true });
  const [error] = document.errors;
  if (error !== undefined) throw error;
  return document.contents === null ? {} : toText(document.contents);
}

/** As JSON, with scalars as they are spelled; settings schemas keep their numbers and booleans. */
function toText(node: Node): JsonValue {
  if (isSeq<ParsedNode>(node)) return node.items.map(toText);
  if (isMap<ParsedNode, ParsedNode | null>(node)) {
    return Object.fromEntries(
      node.items.map(({ key, value }) => {
        const name = isScalar(key) ? String(key.value) : "";
        if (value === null) return [name, null];
        return [name, SCHEMA_FIELDS.includes(name) ? (value.toJSON() as JsonValue) : toText(value)];
      }),
    );
  }
  if (!isScalar(node)) throw new Error("a rate card has no aliases");
  return typeof node.value === "string" ? node.value : (node.source ?? null);
}
