import {
  type AdminService,
  type ExportTransactionsRequest,
  ExportTransactionsRequestSchema,
  type ExportTransactionsResponse,
  type VerifyLedgerRequest,
  VerifyLedgerRequestSchema,
  type VerifyLedgerResponse,
} from "../../gen/pleyor/credits/v1/admin_service_pb.ts";
import type { Administration } from "../service/administration.ts";
import { endingWhenStalled } from "../stream/stall.ts";
import { StreamEnd } from "../stream/stream-end.ts";
import type { StreamLimit } from "../stream/stream-limit.ts";
import type { CallContext } from "./call.ts";
import { fromProtoVerifyLedger, toProtoExportPage, toProtoVerificationEvent } from "./convert-admin.ts";
import { type Handlers, sendEach } from "./endpoint.ts";
import { accepted } from "./refusal-problem.ts";
import { streamError } from "./stream-problem.ts";

/** What the calls of whoever runs the service are served from. */
export type AdminParts = Readonly<{
  administration: Pick<Administration, "verify" | "export">;
  /** Of these calls alone. */
  streams: StreamLimit;
  /** After so long a reader who takes nothing loses its place. */
  stalledMs: number;
}>;

export function adminHandlers(parts: AdminParts): Handlers<typeof AdminService> {
  return {
    verifyLedger: sendEach((request, context) => verifyLedger(parts, request, context)),
    exportTransactions: sendEach((request, context) => exportTransactions(parts, request, context)),
  };
}

async function* verifyLedger(
  { administration, streams, stalledMs }: AdminParts,
  request: VerifyLedgerRequest,
  { connection, signal }: CallContext,
): AsyncGenerator<VerifyLedgerResponse> {
  let leave: (() => void) | undefined;
  try {
    const left = streams.enter(connection, signal);
    leave = left;
    const stalled = new AbortController();
    const either = AbortSignal.any([signal, stalled.signal]);
    const answers = administration.verify(fromProtoVerifyLedger(request), either);
    // The place is another's from then on, so the work must end with it.
    const onStall = (): void => {
      stalled.abort();
      left();
    };
    const stall = { stalledMs, onStall, error: () => new StreamEnd("STALLED") };
    for await (const answer of endingWhenStalled(answers, stall))
      yield toProtoVerificationEvent(accepted(answer, request, VerifyLedgerRequestSchema));
  } catch (error) {
    throw streamError(error, request.organizationId, VerifyLedgerRequestSchema);
  } finally {
    leave?.();
  }
}

async function* exportTransactions(
  { administration, streams, stalledMs }: AdminParts,
  request: ExportTransactionsRequest,
  { connection, signal }: CallContext,
): AsyncGenerator<ExportTransactionsResponse> {
  let leave: (() => void) | undefined;
  try {
    leave = streams.enter(connection, signal);
    const answer = await administration.export(request);
    const started = accepted(answer, request, ExportTransactionsRequestSchema);
    const error = () => new StreamEnd("STALLED", started.resumeToken);
    const stall = { stalledMs, onStall: leave, error };
    for await (const page of endingWhenStalled(started.pages(), stall)) yield toProtoExportPage(page);
  } catch (error) {
    throw streamError(error, request.organizationId, ExportTransactionsRequestSchema);
  } finally {
    leave?.();
  }
}
