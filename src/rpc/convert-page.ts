import type { PageRequest } from "../service/credit-ledger.ts";

/** How large a page really is, the service decides. */
export function fromProtoPage(request: Readonly<{ pageSize: number; pageToken: string }>): PageRequest {
  return { size: request.pageSize, token: request.pageToken };
}
