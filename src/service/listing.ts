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

/** What a page has, and the key that the next one goes on after; undefined: there is none. */
export type Selected<T> = Readonly<{ items: readonly T[]; nextKey: string | undefined }>;

/** One page: as many as asked for, and whether there is one more. */
export function list<T>({ select, keyOf, ...listing }: Listing<T>): Promise<Answer<Page<T>, PageRefusal>> {
  return listSelected({
    ...listing,
    select: async (after, size) => {
      const found = await select(after, size + 1);
      const items = found.slice(0, size);
      const last = items.at(-1);
      return { items, nextKey: found.length > size && last !== undefined ? keyOf(last) : undefined };
    },
  });
}

/** One page, as it was selected: it may be shorter than asked for and yet not the last one. */
export async function listSelected<T>({
  query,
  page,
  isKey,
  select,
}: Omit<Listing<T>, "keyOf" | "select"> & {
  select: (after: string | undefined, size: number) => Promise<Selected<T>>;
}): Promise<Answer<Page<T>, PageRefusal>> {
  const after = page.token === "" ? undefined : fromPageToken(query, page.token, isKey);
  if (page.token !== "" && after === undefined) {
    const explanation = "the page token is not one that this query gave";
    return { refusal: { reason: "PAGE_TOKEN_INVALID", explanation } };
  }
  const { items, nextKey } = await select(after, pageSize(page.size));
  return { value: { items, nextPageToken: nextKey === undefined ? "" : toPageToken(query, nextKey) } };
}
