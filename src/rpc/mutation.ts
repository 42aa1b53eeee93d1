import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { Command } from "../domain/ledger/command.ts";
import type { CreditLedger } from "../service/credit-ledger.ts";
import type { Receipt } from "../service/receipt.ts";
import type { CallContext } from "./call.ts";
import { fromProtoUuid } from "./convert-context.ts";
import { accepted } from "./refusal-problem.ts";

export type MutationRequest = Readonly<{ organizationId: string; requestId: string }>;

/** What a mutation is at this border: its request, the command that it asks for, and its answer. */
export type Mutation<Request extends DescMessage, Response> = Readonly<{
  request: Request;
  command: (request: MessageShape<Request>) => Command;
  response: (receipt: Receipt) => Response;
}>;

/** Spells out a mutation's types by its request. */
export function mutation<Request extends DescMessage, Response>(
  request: Request,
  command: (request: MessageShape<Request>) => Command,
  response: (receipt: Receipt) => Response,
): Mutation<Request, Response> {
  return { request, command, response };
}

/** Convert, call, convert. The ledger is called before anything is awaited: calls in a row reach it in order. */
export async function mutate<Request extends DescMessage, Response>(
  ledger: CreditLedger,
  { request: schema, command, response }: Mutation<Request, Response>,
  request: MessageShape<Request> & MutationRequest,
  { principal, signal }: CallContext,
): Promise<Response> {
  const { organizationId } = request;
  const requestId = fromProtoUuid(request.requestId);
  const answer = await ledger.apply(
    { organizationId, requestId, actor: principal, command: command(request) },
    signal,
  );
  return response(accepted(answer, request, schema));
}
