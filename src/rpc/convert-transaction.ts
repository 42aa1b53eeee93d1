import { create } from "@bufbuild/protobuf";
import { GrantKind } from "../../gen/pleyor/credits/v1/grant_pb.ts";
import {
  CreditState,
  MadeGrantSchema,
  type MadeGrant as ProtoMadeGrant,
  type Movement as ProtoMovement,
  type Transaction as ProtoTransaction,
  TransactionKind as ProtoTransactionKind,
} from "../../gen/pleyor/credits/v1/transaction_pb.ts";
import type { MadeGrant } from "../domain/ledger/grant.ts";
import type { ListedTransaction, Movement } from "../domain/ledger/transaction.ts";
import { toProtoBalance } from "./convert-account.ts";
import { toProtoSpendContext } from "./convert-context.ts";
import { toProtoPricing } from "./convert-model-call.ts";
import { toProtoSubscription } from "./convert-plan.ts";
import { toProtoTimestamp } from "./convert-time.ts";

/** Spelled out, as all that a spend answers is: `create` looks at each field that a message may have. */
export function toProtoTransaction(transaction: ListedTransaction): ProtoTransaction {
  const { organizationId, version, effectiveTime, expireTime, context, balance, pricing } = transaction;
  const proto: ProtoTransaction = {
    $typeName: "pleyor.credits.v1.Transaction",
    organizationId,
    version,
    kind: ProtoTransactionKind[transaction.kind],
    effectiveTime: toProtoTimestamp(effectiveTime),
    recordTime: toProtoTimestamp(transaction.recordTime),
    requestId: transaction.requestId ?? "",
    requestOrdinal: transaction.requestOrdinal,
    actor: transaction.actor,
    reservationId: transaction.reservationId ?? "",
    grantId: transaction.grantId ?? "",
    amountMicros: transaction.amountMicros,
    late: transaction.late ?? false,
    grantKind: GrantKind[transaction.grantKind ?? "UNSPECIFIED"],
    spentBecomesDebt: transaction.spentBecomesDebt ?? false,
    reference: transaction.reference ?? "",
    requestReference: transaction.requestReference ?? "",
    movements: transaction.movements.map(toProtoMovement),
    balance: toProtoBalance({ organizationId, version, updateTime: effectiveTime, balance }),
    madeGrants: (transaction.made ?? []).map(toProtoMadeGrant),
    rateCardVersion: pricing?.rateCardVersion ?? 0n,
    hash: Buffer.from(transaction.hash, "hex"),
  };
  if (expireTime !== undefined) proto.expireTime = toProtoTimestamp(expireTime);
  if (transaction.subscriptionAfter)
    proto.subscription = toProtoSubscription(organizationId, transaction.subscriptionAfter);
  if (context !== undefined) proto.context = toProtoSpendContext(context);
  if (pricing !== undefined) proto.pricing = toProtoPricing(pricing);
  return proto;
}

function toProtoMadeGrant({ grantId, kind, amountMicros, expireTime, reference }: MadeGrant): ProtoMadeGrant {
  const proto = create(MadeGrantSchema, { grantId, kind: GrantKind[kind], amountMicros, reference });
  if (expireTime !== undefined) proto.expireTime = toProtoTimestamp(expireTime);
  return proto;
}

function toProtoMovement({ grantId, from, to, amountMicros, debtVersion }: Movement): ProtoMovement {
  return {
    $typeName: "pleyor.credits.v1.Movement",
    grantId: grantId ?? "",
    fromState: CreditState[from],
    toState: CreditState[to],
    amountMicros,
    debtVersion: debtVersion ?? 0n,
  };
}
