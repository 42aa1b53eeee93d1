import { create } from "@bufbuild/protobuf";
import {
  ExplainedPriceSchema,
  ExplainedStepSchema,
  ExplanationSchema,
  HoldChangeSchema,
  PriceBasis,
  type ExplainedPrice as ProtoExplainedPrice,
  type ExplainedStep as ProtoExplainedStep,
  type Explanation as ProtoExplanation,
  type HoldChange as ProtoHoldChange,
  StepRole,
} from "../../../gen/pleyor/credits/v1/explanation_pb.ts";
import { GrantKind } from "../../../gen/pleyor/credits/v1/grant_pb.ts";
import { CreditState, TransactionKind } from "../../../gen/pleyor/credits/v1/transaction_pb.ts";
import type { ExplainedStep, Explanation } from "../../domain/explanation/explanation.ts";
import { type ExplainedPrice, rateOf } from "../../domain/explanation/price.ts";
import type { SealedTransaction, Transaction } from "../../domain/ledger/transaction.ts";
import { writeDecimal } from "../../domain/pricing/decimal.ts";
import { toProtoBalance } from "../convert-account.ts";
import { toProtoTimestamp } from "../convert-time.ts";
import { toProtoTransaction } from "../convert-transaction.ts";

/** How many digits behind the point decimals are shown with. */
const DIGITS = 12;

export function toProtoExplanation(explanation: Explanation<SealedTransaction>): ProtoExplanation {
  const { transaction, price, steps, holdHistory, balanceBefore, text } = explanation;
  const { organizationId, version, effectiveTime: updateTime, balance } = transaction;
  const proto = create(ExplanationSchema, {
    transaction: toProtoTransaction(transaction),
    steps: steps.map(toProtoStep),
    holdHistory: holdHistory.map(toProtoHoldChange),
    balanceAfter: toProtoBalance({ organizationId, version, updateTime, balance }),
    text: [...text],
  });
  if (price !== undefined) proto.price = toProtoPrice(price);
  if (balanceBefore !== undefined) {
    const before = { organizationId, version: version - 1n, balance: balanceBefore.balance };
    proto.balanceBefore = toProtoBalance({ ...before, updateTime: balanceBefore.effectiveTime });
  }
  return proto;
}

function toProtoStep({ role, movement, grant, reason }: ExplainedStep): ProtoExplainedStep {
  const { from, to, amountMicros, debtVersion = 0n, grantId = "" } = movement;
  const proto = create(ExplainedStepSchema, {
    role: StepRole[role],
    grantId,
    grantKind: GrantKind[grant?.kind ?? "UNSPECIFIED"],
    grantReference: grant?.reference ?? "",
    fromState: CreditState[from],
    toState: CreditState[to],
    amountMicros,
    debtVersion,
    reason,
  });
  if (grant?.expireTime !== undefined) proto.grantExpireTime = toProtoTimestamp(grant.expireTime);
  return proto;
}

function toProtoPrice(price: ExplainedPrice): ProtoExplainedPrice {
  const { modelId, rateCardVersion, basis, settings, usage, lines, amountMicros, matches } = price;
  return create(ExplainedPriceSchema, {
    modelId,
    rateCardVersion,
    basis: PriceBasis[basis],
    settings: Object.fromEntries(settings),
    usage: { ...usage },
    lines: lines.map((share) => {
      const rate = rateOf(share);
      return {
        name: share.line.name,
        title: share.line.title,
        quantity: writeDecimal(share.quantity, DIGITS),
        per: share.line.per,
        rate: rate === undefined ? "" : writeDecimal(rate, DIGITS),
        credits: writeDecimal(share.credits, DIGITS),
      };
    }),
    amountMicros,
    matches,
  });
}

function toProtoHoldChange(change: Transaction): ProtoHoldChange {
  const { version, kind, effectiveTime, amountMicros, late = false, expireTime } = change;
  const proto = create(HoldChangeSchema, {
    version,
    kind: TransactionKind[kind],
    effectiveTime: toProtoTimestamp(effectiveTime),
    amountMicros,
    late,
  });
  if (expireTime !== undefined) proto.expireTime = toProtoTimestamp(expireTime);
  return proto;
}
