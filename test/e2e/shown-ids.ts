import { expect } from "chai";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
/** A time within a sentence. */
const MOMENT = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? UTC/g;
const HASH = /^[A-Za-z0-9+/]{43}=$/;

/**
 * Compares output that is shown with output that was printed. Times and hashes are
 * other ones each time; so are ids, but the same id must stand for the same thing
 * throughout, and commands that name a shown id are run with the real one.
 */
export class ShownIds {
  readonly #real = new Map<string, string>();

  toReal(command: string): string {
    return [...this.#real].reduce((text, [shown, real]) => text.replaceAll(shown, real), command);
  }

  /** For output that is to be shown from now on: its ids take the place of those shown before. */
  learn(shown: string, printed: string): string {
    const before = /"reservationId": "([^"]+)"/.exec(shown)?.[1];
    const now = /"reservationId": "([^"]+)"/.exec(printed)?.[1];
    if (before !== undefined && now !== undefined) this.#real.set(before, now);
    return printed;
  }

  compare(shown: string, printed: string): void {
    if (shown.startsWith("{")) this.#compare(JSON.parse(shown), JSON.parse(printed), "");
    else expect(withoutHashes(printed)).to.equal(withoutHashes(shown));
  }

  compareValues(shown: unknown, real: unknown): void {
    this.#compare(shown, real, "");
  }

  #compare(shown: unknown, real: unknown, path: string): void {
    if (typeof shown === "string" && typeof real === "string") {
      this.#compareText(shown, real, path);
    } else if (isTree(shown) && isTree(real)) {
      expect(Object.keys(real), path).to.have.members(Object.keys(shown));
      for (const key of Object.keys(shown)) this.#compare(shown[key], real[key], `${path}.${key}`);
    } else {
      expect(real, path).to.equal(shown);
    }
  }

  #compareText(shown: string, real: string, path: string): void {
    if (UUID.test(shown) && UUID.test(real)) {
      const known = this.#real.get(shown) ?? real;
      expect(real, path).to.equal(known);
      this.#real.set(shown, real);
      return;
    }
    const varies = [TIME, HASH].some((form) => form.test(shown) && form.test(real));
    if (!varies) expect(real.replaceAll(MOMENT, "then"), path).to.equal(shown.replaceAll(MOMENT, "then"));
  }
}

function withoutHashes(text: string): string {
  return text.replaceAll(/\b[0-9a-f]{64}\b/g, "a hash");
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
