import { create, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import type { Code } from "../../gen/google/rpc/code_pb.ts";
import type { ErrorReason } from "../../gen/pleyor/credits/v1/error_reason_pb.ts";

/** The names of the reasons, as the contract has them. */
export type Reason = Exclude<keyof typeof ErrorReason, "UNSPECIFIED">;

/** A message that travels with an error, for a program to read. */
export type Detail<Desc extends DescMessage = DescMessage> = Readonly<{
  desc: Desc;
  value: MessageShape<Desc>;
}>;

/** Why a call gives no answer, in a form that every door can send. */
export type Problem = Readonly<{
  code: Code;
  /** Undefined for what the standard services refuse, which have reasons of nobody's. */
  reason: Reason | undefined;
  /** For a person to act on. */
  message: string;
  /** Every number and id of the message, by its name in snake_case. */
  metadata: Readonly<Record<string, string>>;
  details: readonly Detail[];
}>;

/** Carries a problem out of a handler. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

export function detail<Desc extends DescMessage>(desc: Desc, init: MessageInitShape<Desc>): Detail {
  return { desc, value: create(desc, init) };
}

/**
 * Fills a message's `{names}` from its metadata, so that a message cannot name a
 * number which its metadata lacks.
 */
export function fill(message: string, metadata: Readonly<Record<string, string>>): string {
  return message.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = metadata[name];
    if (value === undefined) throw new Error(`the message "${message}" names ${name}, its metadata do not`);
    return value;
  });
}
