/** Where an export was: after this transaction. Before its first one, the organization is empty. */
export type ExportPosition = Readonly<{ organizationId: string; version: bigint }>;

/** A token that no export gave, or that one gave for another scope. */
export class ExportTokenError extends Error {
  override readonly name = "ExportTokenError";
}

/** The first part of a token says what it is of; a new format gets a new one. */
const EXPORT = "e1";
/** Also empty, before the first organization. */
const ORGANIZATION_ID = /^[A-Za-z0-9_.:/@-]{0,128}$/;
const VERSION = /^(0|[1-9]\d{0,17})$/;

/** An empty scope stands for all organizations. */
export function toExportToken(scope: string, { organizationId, version }: ExportPosition): string {
  return Buffer.from(JSON.stringify([EXPORT, scope, organizationId, String(version)])).toString("base64url");
}

export function fromExportToken(scope: string, token: string): ExportPosition {
  const [kind, of, organizationId, version] = parse(Buffer.from(token, "base64url").toString("utf8"));
  const known = kind === EXPORT && typeof organizationId === "string" && typeof version === "string";
  if (!known || !VERSION.test(version) || !ORGANIZATION_ID.test(organizationId))
    throw new ExportTokenError("is no token of this service");
  if (of !== scope)
    throw new ExportTokenError("is of another export: ask for the same organization, or for all");
  return { organizationId, version: BigInt(version) };
}

function parse(text: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(text);
    return Array.isArray(parts) ? parts : [];
  } catch {
    return [];
  }
}
