/** That organizations have changed, or alerts were numbered: a hint to look, not the change itself. */
export type ChangeHint = Readonly<{
  /** Organizations and the versions that they are at. */
  organizations: readonly (readonly [organizationId: string, version: bigint])[];
  /** The place of the last alert of all organizations; undefined where it has not moved. */
  sequence: bigint | undefined;
  /** Too much has changed to be told: look at everything. */
  everything: boolean;
}>;

export const EVERYTHING: ChangeHint = { organizations: [], sequence: undefined, everything: true };

/** PostgreSQL takes notifications below 8,000 bytes. */
const PAYLOAD_BYTES_MAX = 7_500;
/** Beyond it, whoever hears of it looks at everything that it watches, which is no more work. */
const PAYLOADS_MAX = 32;

/** The hint as payloads of notifications, from a server with this name. */
export function toPayloads(
  from: string,
  { organizations, sequence, everything }: ChangeHint,
): readonly string[] {
  const payload = (entries: readonly (readonly [string, string])[], all = false) =>
    JSON.stringify({ from, organizations: entries, sequence: sequence?.toString(), everything: all });
  const chunks: (readonly [string, string])[][] = [[]];
  let bytes = 0;
  for (const [organizationId, version] of organizations) {
    // Ids are ASCII: quotes, commas and brackets are the rest.
    const size = organizationId.length + String(version).length + 8;
    if (bytes + size > PAYLOAD_BYTES_MAX) {
      chunks.push([]);
      bytes = 0;
    }
    chunks.at(-1)?.push([organizationId, String(version)]);
    bytes += size;
  }
  if (everything || chunks.length > PAYLOADS_MAX) return [payload([], true)];
  return chunks.map((entries) => payload(entries));
}

/** Undefined for what this server, `self`, sent itself. What cannot be read may mean anything. */
export function fromPayload(self: string, text: string): ChangeHint | undefined {
  try {
    const { from, organizations, sequence, everything } = JSON.parse(text);
    if (from === self) return undefined;
    return {
      organizations: organizations.map(([id, version]: [string, string]) => [id, BigInt(version)] as const),
      sequence: sequence === undefined ? undefined : BigInt(sequence),
      everything: everything === true,
    };
  } catch {
    return EVERYTHING;
  }
}
