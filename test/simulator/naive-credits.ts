import type { LotKind } from "./step.ts";

export type Place = "free" | "held" | "spent" | "expired" | "void";

/** Microcredits that entered together and are together still; `holder` is the reservation that has or had them. */
type Run = { place: Place; holder: number; size: number };

/** Microcredits that entered together. They are moved about, and never made or lost. */
export type Lot = {
  number: number;
  kind: LotKind;
  reference: string;
  size: number;
  made: number;
  expires: number;
  voided: boolean;
  debt: boolean;
  runs: Run[];
};

export type Debt = { version: number; owed: number };

const NOBODY = -1;
const KIND_ORDER: readonly LotKind[] = ["SUBSCRIPTION", "PROMOTIONAL", "PURCHASED"];

export function sizeOf(lot: Lot, place: Place, holder?: number): number {
  let size = 0;
  for (const run of lot.runs)
    if (run.place === place && (holder === undefined || run.holder === holder)) size += run.size;
  return size;
}

/** Every microcredit of an organization, by where it came from and where it is. */
export class NaiveCredits {
  readonly lots: Lot[] = [];
  readonly byReference = new Map<string, Lot>();
  /** Those that may have something free or held: looking at all of them each time takes too long. */
  readonly open = new Set<Lot>();
  debts: Debt[] = [];

  add(lot: Omit<Lot, "number" | "runs" | "voided" | "debt">): Lot {
    const runs: Run[] = [{ place: "free", holder: NOBODY, size: lot.size }];
    const added = { ...lot, number: this.lots.length, voided: false, debt: false, runs };
    this.lots.push(added);
    this.byReference.set(lot.reference, added);
    this.open.add(added);
    return added;
  }

  move(lot: Lot, size: number, from: readonly [Place, number?], to: readonly [Place, number?]): void {
    let left = size;
    for (const run of lot.runs) {
      if (run.place !== from[0] || (from[1] !== undefined && run.holder !== from[1])) continue;
      const moved = Math.min(run.size, left);
      run.size -= moved;
      left -= moved;
    }
    if (size === 0) return;
    if (left > 0) throw new Error(`lot ${lot.number} lacks ${left} of ${size} ${from.join(" ")}`);
    const holder = to[1] ?? NOBODY;
    const same = lot.runs.find((run) => run.place === to[0] && run.holder === holder);
    if (same) same.size += size;
    else lot.runs.push({ place: to[0], holder, size });
    lot.runs = lot.runs.filter((run) => run.size > 0);
    if (lot.runs.some(({ place }) => place === "free" || place === "held")) this.open.add(lot);
    else this.open.delete(lot);
  }

  /** Lots with anything in a place, in the order in which they are spent. */
  inOrder(place: Place, holder?: number): Lot[] {
    const lots = [...this.open].filter((lot) => sizeOf(lot, place, holder) > 0);
    if (lots.length < 2) return lots;
    const key = (lot: Lot) => [KIND_ORDER.indexOf(lot.kind), lot.expires, lot.made, lot.number];
    return lots.sort((left, right) => {
      const [a, b] = [key(left), key(right)];
      const differing = a.findIndex((value, index) => value !== b[index]);
      return differing < 0 ? 0 : (a[differing] ?? 0) < (b[differing] ?? 0) ? -1 : 1;
    });
  }

  /** Takes up to so many that are free; returns which. */
  take(size: number, to: readonly [Place, number?]): (readonly [Lot, number])[] {
    const taken: (readonly [Lot, number])[] = [];
    let left = size;
    for (const lot of left > 0 ? this.inOrder("free") : []) {
      const part = Math.min(left, sizeOf(lot, "free"));
      if (part === 0) continue;
      this.move(lot, part, ["free"], to);
      taken.push([lot, part]);
      left -= part;
    }
    return taken;
  }

  owe(version: number, size: number): void {
    if (size === 0) return;
    const debt = this.debts.find((other) => other.version === version);
    if (debt) debt.owed += size;
    else this.debts.push({ version, owed: size });
  }

  /** Lowers a debt by up to so much; returns by how much. */
  lower(debt: Debt | undefined, most: number): number {
    if (!debt) return 0;
    const lowered = Math.min(debt.owed, most);
    debt.owed -= lowered;
    this.debts = this.debts.filter(({ owed }) => owed > 0);
    return lowered;
  }

  /** Whatever is free pays what is owed, the oldest debt first. */
  pay(): void {
    while (this.debts.length > 0) {
      const [debt] = this.debts;
      const [lot] = this.inOrder("free");
      if (!debt || !lot) return;
      const paid = this.lower(debt, sizeOf(lot, "free"));
      this.move(lot, paid, ["free"], ["spent"]);
    }
  }

  free(): number {
    let free = 0;
    for (const lot of this.open) free += sizeOf(lot, "free");
    return free;
  }

  owed(): number {
    return this.debts.reduce((sum, { owed }) => sum + owed, 0);
  }
}
