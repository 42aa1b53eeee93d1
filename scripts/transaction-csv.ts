import { toJson } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { GrantKind, GrantKindSchema } from "../gen/pleyor/credits/v1/grant_pb.ts";
import {
  MadeGrantSchema,
  MovementSchema,
  type Transaction,
  TransactionKindSchema,
} from "../gen/pleyor/credits/v1/transaction_pb.ts";

type Value = string | number | bigint | boolean | undefined;

/** One column each, by the names of the proto's fields; lists are JSON. */
const COLUMNS: readonly (readonly [name: string, value: (transaction: Transaction) => Value])[] = [
  ["organization_id", (t) => t.organizationId],
  ["version", (t) => t.version],
  ["kind", (t) => TransactionKindSchema.value[t.kind]?.name],
  ["effective_time", (t) => timeText(t.effectiveTime)],
  ["record_time", (t) => timeText(t.recordTime)],
  ["request_id", (t) => t.requestId],
  ["request_ordinal", (t) => t.requestOrdinal],
  ["actor", (t) => t.actor],
  ["reservation_id", (t) => t.reservationId],
  ["grant_id", (t) => t.grantId],
  [
    "grant_kind",
    (t) => (t.grantKind === GrantKind.UNSPECIFIED ? "" : GrantKindSchema.value[t.grantKind]?.name),
  ],
  ["amount_micros", (t) => t.amountMicros],
  ["expire_time", (t) => timeText(t.expireTime)],
  ["late", (t) => t.late],
  ["spent_becomes_debt", (t) => t.spentBecomesDebt],
  ["reference", (t) => t.reference],
  ["run_id", (t) => t.context?.runId],
  ["node_id", (t) => t.context?.nodeId],
  ["agent_id", (t) => t.context?.agentId],
  ["workspace_id", (t) => t.context?.workspaceId],
  ["member_id", (t) => t.context?.memberId],
  ["parent_run_id", (t) => t.context?.parentRunId],
  ["model_id", (t) => t.context?.modelId],
  ["labels", (t) => jsonText(t.context?.labels ?? {})],
  ["movements", (t) => jsonText(t.movements.map((movement) => toJson(MovementSchema, movement)))],
  ["made_grants", (t) => jsonText(t.madeGrants.map((made) => toJson(MadeGrantSchema, made)))],
  ["rate_card_version", (t) => t.rateCardVersion || undefined],
  ["subscription_micros", (t) => t.balance?.subscriptionMicros],
  ["promotional_micros", (t) => t.balance?.promotionalMicros],
  ["purchased_micros", (t) => t.balance?.purchasedMicros],
  ["reserved_micros", (t) => t.balance?.reservedMicros],
  ["debt_micros", (t) => t.balance?.debtMicros],
  ["available_micros", (t) => t.balance?.availableMicros],
  ["hash", (t) => Buffer.from(t.hash).toString("hex")],
];

/** As RFC 4180 has it, lines ended by CR and LF. */
export const CSV_HEADER = `${COLUMNS.map(([name]) => name).join(",")}\r\n`;

export function csvLine(transaction: Transaction): string {
  return `${COLUMNS.map(([, value]) => csvField(String(value(transaction) ?? ""))).join(",")}\r\n`;
}

/** Quoted where a reader would take it for something else; some cut off spaces at the ends. */
export function csvField(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function timeText(time: Timestamp | undefined): string | undefined {
  return time && toJson(TimestampSchema, time);
}

/** Empty rather than an empty list. */
function jsonText(value: object): string {
  return Object.keys(value).length === 0 ? "" : JSON.stringify(value);
}
