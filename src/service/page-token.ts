import { createHash } from "node:crypto";

const PAGE_SIZE_DEFAULT = 50;
const PAGE_SIZE_MAX = 1_000;

export function pageSize(asked: number): number {
  return asked === 0 ? PAGE_SIZE_DEFAULT : Math.min(asked, PAGE_SIZE_MAX);
}

/** Where a list goes on: after this key, for this query. Opaque to callers. */
export function toPageToken(query: unknown, lastKey: string): string {
  return Buffer.from(JSON.stringify([digest(query), lastKey])).toString("base64url");
}

/** The key that a page token goes on after; undefined where the token is not of this query. */
export function fromPageToken(
  query: unknown,
  token: string,
  isKey: (key: string) => boolean,
): string | undefined {
  const parts = parse(Buffer.from(token, "base64url").toString("utf8"));
  if (!Array.isArray(parts) || parts.length !== 2) return undefined;
  const [queryDigest, lastKey] = parts;
  if (queryDigest !== digest(query) || typeof lastKey !== "string" || !isKey(lastKey)) return undefined;
  return lastKey;
}

function digest(query: unknown): string {
  const text = JSON.stringify(query, (_key, value) => (typeof value === "bigint" ? String(value) : value));
  return createHash("sha256").update(text).digest("base64url").slice(0, 16);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
