import type { Page, PageRequest } from "./credit-ledger.ts";
import { fromPageToken, pageSize, toPageToken } from "./page-token.ts";
import type { Answer } from "./receipt.ts";

export type Listing<T> = Readonly<{
  /** What a page token belongs to. */
  query: unknown;
  page: PageRequest;
  keyOf: (item: T) => string;
  isKey: (key: string) => boolean;
  select: (after: string | undefined, limit: number) => Promise<readonly T[]>;
}>;

export type PageRefusal = Readonly<{ reason: "PAGE_TOKEN_INVALID"; explanation: string }>;

/** One page: as many as asked for, and whether there is one more. */
export async function list<T>({
  query,
  page,
  keyOf,
  isKey,
  select,
}: Listing<T>): Promise<Answer<Page<T>, PageRefusal>> {
  const size = pageSize(page.size);
  const after = page.token === "" ? undefined : fromPageToken(query, page.token, isKey);
  if (page.token !== "" && after === undefined) {
    const explanation = "the page token is not one that this query gave";
    return { refusal: { reason: "PAGE_TOKEN_INVALID", explanation } };
  }
  const found = await select(after, size + 1);
  const items = found.slice(0, size);
  const last = items.at(-1);
  const more = found.length > size && last !== undefined;
  return { value: { items, nextPageToken: more ? toPageToken(query, keyOf(last)) : "" } };
}
