import type { DescMessage } from "@bufbuild/protobuf";
import type { Code } from "../../gen/google/rpc/code_pb.ts";
import type { ReadRefusal, Refusal } from "../domain/ledger/refusal.ts";
import type { PublishRefusal } from "../domain/pricing/refusal.ts";
import type { Time } from "../domain/time.ts";
import type { PublicationReused } from "../service/pricing/prices.ts";
import type { RunNotFound } from "../service/usage/usage-book.ts";
import type { Detail, Reason } from "./problem.ts";

export type AnyRefusal = Refusal | ReadRefusal | PublishRefusal | PublicationReused | RunNotFound;

/** What a refusal does not know itself. */
export type Scene = Readonly<{ organizationId: string; request: DescMessage; now: Time }>;

/** How a refusal is told under its own reason. The message names `{parts}` of the metadata. */
export type ReasonRow<R> = Readonly<{
  code: Code;
  message: string | ((refusal: R) => string);
  metadata: (refusal: R) => Readonly<Record<string, string>>;
  detail?: (refusal: R, scene: Scene) => Detail;
}>;

/** How a refusal is told that is the fault of one field: as if a rule beside the field had refused it. */
export type FieldRow<R> = Readonly<{ field: string; explain: (refusal: R) => string }>;

type RefusalOf<Name> = Extract<AnyRefusal, { reason: Name }>;
/** A row for each refusal: one without does not compile. */
export type RefusalTable = {
  readonly [Name in AnyRefusal["reason"]]: Name extends Reason
    ? ReasonRow<RefusalOf<Name>>
    : FieldRow<RefusalOf<Name>>;
};
