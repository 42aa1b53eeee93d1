/** Where a stream of balances was. */
export type BalancePosition = Readonly<{ databaseId: string; version: bigint; alertNumber: bigint }>;
/** Where a stream of alerts was: after the alert with this number, or at this place among all. */
export type AlertPosition = Readonly<{ databaseId: string; after: bigint }>;

/** A token that no server gave, or that one gave for another stream. */
export class ResumeTokenError extends Error {
  override readonly name = "ResumeTokenError";
}

/** The first part of a token says what it is of; a new format gets a new one. */
const BALANCE = "b1";
const ALERTS = "a1";
const WHOLE_NUMBER = /^(0|[1-9]\d{0,17})$/;

export function toBalanceToken(organizationId: string, position: BalancePosition): string {
  const { databaseId, version, alertNumber } = position;
  return encode([BALANCE, databaseId, organizationId, String(version), String(alertNumber)]);
}

export function fromBalanceToken(organizationId: string, token: string): BalancePosition {
  const [databaseId, version, alertNumber] = decode(token, BALANCE, organizationId, 2);
  return { databaseId, version: BigInt(version), alertNumber: BigInt(alertNumber ?? 0) };
}

/** An empty organization stands for all of them. */
export function toAlertToken(organizationId: string, { databaseId, after }: AlertPosition): string {
  return encode([ALERTS, databaseId, organizationId, String(after)]);
}

export function fromAlertToken(organizationId: string, token: string): AlertPosition {
  const [databaseId, after] = decode(token, ALERTS, organizationId, 1);
  return { databaseId, after: BigInt(after) };
}

function encode(parts: readonly string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString("base64url");
}

/** The database and the numbers of a token, which must be of this kind and this organization. */
function decode(
  token: string,
  kind: string,
  organizationId: string,
  numbers: number,
): readonly [databaseId: string, first: string, second?: string] {
  const [tokenKind, databaseId, tokenOrganizationId, ...rest] = partsOf(token);
  const sound =
    databaseId !== undefined && rest.length === numbers && rest.every((n) => WHOLE_NUMBER.test(n));
  const [first, second] = rest;
  if (!sound || tokenKind !== kind || first === undefined) {
    throw new ResumeTokenError("is no resume token that this call gave");
  }
  if (tokenOrganizationId !== organizationId) {
    throw new ResumeTokenError("is the resume token of another organization's stream");
  }
  return second === undefined ? [databaseId, first] : [databaseId, first, second];
}

function partsOf(token: string): readonly string[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
    const sound = Array.isArray(parts) && parts.every((part) => typeof part === "string");
    // What decodes loosely is no token either: there is one text for each position.
    return sound && encode(parts) === token ? parts : [];
  } catch {
    return [];
  }
}
