/** Something that is not as the transactions say it should be. */
export type Discrepancy = Readonly<{
  organizationId: string;
  /** Where: `transaction 12`, `grant 0199...`, `reservation 0199...`, `account`, `debt 12`. */
  place: string;
  expected: string;
  found: string;
}>;

/** Of one organization; a ledger with more was not damaged but replaced, and its list would have no end. */
const FINDINGS_MAX = 1_000;

/** A change of a thousand grants is a long text; its beginning tells which it is. */
const TEXT_CHARACTERS_MAX = 2_000;

/** So much is amiss that nobody reads on. */
export class TooManyFindingsError extends Error {
  override readonly name = "TooManyFindingsError";
}

/** What was found of one organization, until somebody takes it. */
export class Findings {
  readonly organizationId: string;
  #count = 0;
  #untold: Discrepancy[] = [];

  constructor(organizationId: string) {
    this.organizationId = organizationId;
  }

  /** How many there were in all. */
  get count(): number {
    return this.#count;
  }

  /** Those since the last time. */
  take(): readonly Discrepancy[] {
    const taken = this.#untold;
    this.#untold = [];
    return taken;
  }

  /** Throws TooManyFindingsError beyond what anybody reads. */
  add(place: string, expected: string, found: string): void {
    if (this.#count === FINDINGS_MAX) throw new TooManyFindingsError(`more than ${FINDINGS_MAX}`);
    this.#count += 1;
    const { organizationId } = this;
    this.#untold.push({ organizationId, place, expected: shortened(expected), found: shortened(found) });
  }

  /** Adds where two values differ: the fields that do, or the whole where there is only one. */
  compare(place: string, expected: object | undefined, found: object | undefined): void {
    if (isSame(expected, found)) return;
    if (expected === undefined || found === undefined) this.add(place, show(expected), show(found));
    else this.add(place, show(different(expected, found)), show(different(found, expected)));
  }

  /** Adds where two texts differ. */
  compareText(place: string, expected: string, found: string): void {
    if (expected !== found) this.add(place, expected, found);
  }
}

/** Whether two values are equal, field by field; what is undefined and what is left out are the same. */
export function isSame(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (Array.isArray(left)) return Array.isArray(right) && areSame(left, right);
  if (Array.isArray(right)) return false;
  const [ours, theirs] = [left, right] as readonly Readonly<Record<string, unknown>>[];
  if (!ours || !theirs) return false;
  for (const key in ours) if (!isSame(ours[key], theirs[key])) return false;
  for (const key in theirs) if (theirs[key] !== undefined && ours[key] === undefined) return false;
  return true;
}

function areSame(left: readonly unknown[], right: readonly unknown[]): boolean {
  return left.length === right.length && left.every((part, place) => isSame(part, right[place]));
}

/** The fields that another value has otherwise, or not at all. */
function different(value: object, other: object): object {
  const others: Readonly<Record<string, unknown>> = Object.fromEntries(Object.entries(other));
  return Object.fromEntries(Object.entries(value).filter(([key, part]) => !isSame(part, others[key])));
}

/** One text, with the fields in the order of their names; what is undefined is left out. */
function show(value: unknown): string {
  if (value === undefined) return "nothing";
  return JSON.stringify(value, (_key, part) => {
    if (typeof part === "bigint") return String(part);
    if (part === null || typeof part !== "object" || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([left], [right]) => (left < right ? -1 : 1)));
  });
}

function shortened(text: string): string {
  return text.length <= TEXT_CHARACTERS_MAX ? text : `${text.slice(0, TEXT_CHARACTERS_MAX)}…`;
}
