import { create } from "@bufbuild/protobuf";
import {
  type ExportTransactionsResponse,
  ExportTransactionsResponseSchema,
  LedgerHeadSchema,
  LedgerTotalsSchema,
  type LedgerHead as ProtoLedgerHead,
  type VerificationSummary as ProtoVerificationSummary,
  VerificationFindingSchema,
  VerificationProgressSchema,
  VerificationSummarySchema,
  type VerifyLedgerRequest,
  type VerifyLedgerResponse,
  VerifyLedgerResponseSchema,
} from "../../gen/pleyor/credits/v1/admin_service_pb.ts";
import type { LedgerHead } from "../domain/ledger/verify.ts";
import type { ExportPage } from "../service/transaction-export.ts";
import type { VerificationScope, VerificationSummary } from "../service/verification.ts";
import type { VerificationEvent } from "../service/verification-stream.ts";
import { fromProtoText } from "./convert-context.ts";
import { toProtoTransaction } from "./convert-transaction.ts";

export function fromProtoVerifyLedger(request: VerifyLedgerRequest): VerificationScope {
  const { organizationId, expectedHead } = request;
  return {
    organizationId: fromProtoText(organizationId),
    keptHead: expectedHead && fromProtoLedgerHead(expectedHead),
  };
}

export function toProtoVerificationEvent(event: VerificationEvent): VerifyLedgerResponse {
  return create(VerifyLedgerResponseSchema, { event: verificationEvent(event) });
}

export function toProtoExportPage(page: ExportPage): ExportTransactionsResponse {
  const { transactions, resumeToken, remaining } = page;
  return create(ExportTransactionsResponseSchema, {
    transactions: transactions.map(toProtoTransaction),
    resumeToken,
    remaining,
  });
}

function verificationEvent(event: VerificationEvent) {
  switch (event.kind) {
    case "progress": {
      const { organizations, organizationsTotal, ...rest } = event.progress;
      const counts = {
        organizations: BigInt(organizations),
        organizationsTotal: BigInt(organizationsTotal),
      };
      const value = create(VerificationProgressSchema, { ...rest, ...counts });
      return { case: "progress", value } as const;
    }
    case "finding":
      return { case: "finding", value: create(VerificationFindingSchema, event.finding) } as const;
    case "summary":
      return { case: "summary", value: toProtoSummary(event.summary) } as const;
  }
}

function toProtoSummary({ totals, head, ...summary }: VerificationSummary): ProtoVerificationSummary {
  const proto = create(VerificationSummarySchema, {
    organizations: BigInt(summary.organizations),
    transactions: summary.transactions,
    findings: BigInt(summary.findings),
    cutShort: summary.cutShort,
    totals: create(LedgerTotalsSchema, {
      granted: String(totals.grantedMicros),
      free: String(totals.freeMicros),
      held: String(totals.heldMicros),
      consumed: String(totals.consumedMicros),
      expired: String(totals.expiredMicros),
      voided: String(totals.voidedMicros),
      debtIncurred: String(totals.incurredMicros),
      debtPaid: String(totals.paidMicros),
    }),
  });
  if (head) proto.head = toProtoLedgerHead(head);
  return proto;
}

function fromProtoLedgerHead({ version, hash }: ProtoLedgerHead): LedgerHead {
  return { version, hash: Buffer.from(hash).toString("hex") };
}

function toProtoLedgerHead({ version, hash }: LedgerHead): ProtoLedgerHead {
  return create(LedgerHeadSchema, { version, hash: Buffer.from(hash, "hex") });
}
