import { readFileSync } from "node:fs";
import { CREDIT_MICROS } from "../domain/amount.ts";
import type { CatalogueContent, TopUpPack, UnitPrice } from "../domain/plans/catalogue.ts";
import { type CatalogueFault, catalogueFaults } from "../domain/plans/catalogue-fault.ts";
import type { Plan, PlanLimits } from "../domain/plans/plan.ts";
import type { Price } from "../domain/plans/price.ts";

/** A catalogue that can't be taken, with every fault by name. */
export class CatalogueError extends Error {
  override readonly name = "CatalogueError";
  readonly faults: readonly CatalogueFault[];

  constructor(faults: readonly CatalogueFault[]) {
    super(`the catalogue has faults: ${faults.map((f) => `${f.place} ${f.description}`).join("; ")}`);
    this.faults = faults;
  }
}

type Entry = Readonly<Record<string, unknown>>;

/** Reads the catalogue of a new installation. Throws CatalogueError. */
export function readCatalogueFile(path: string): CatalogueContent {
  return parseCatalogue(readFileSync(path, "utf8"));
}

/**
 * A catalogue from JSON: whole credits, and prices in minor units. An unknown or
 * missing field is a fault, so that a misspelled limit is not taken for none.
 */
export function parseCatalogue(text: string): CatalogueContent {
  const reader = new EntryReader();
  const root = reader.entry(JSON.parse(text), "catalogue", ["currency", "plans", "packs", "unit_price"]);
  const currency = reader.text(root, "currency", "catalogue");
  const content = {
    plans: reader
      .list(root, "plans")
      .map((plan, index) => readPlan(reader, plan, `plans[${index}]`, currency)),
    packs: reader
      .list(root, "packs")
      .map((pack, index) => readPack(reader, pack, `packs[${index}]`, currency)),
    unitPrice: root.unit_price === undefined ? undefined : readUnitPrice(reader, root.unit_price, currency),
  };
  const faults = reader.faults.length > 0 ? reader.faults : catalogueFaults(content, new Set());
  if (faults.length > 0) throw new CatalogueError(faults);
  return content;
}

function readPlan(reader: EntryReader, value: unknown, place: string, currency: string): Plan {
  const fields = ["plan_id", "display_name", "rank", "credits", "limits", "monthly_price", "yearly_price"];
  const plan = reader.entry(value, place, fields);
  return {
    planId: reader.text(plan, "plan_id", place),
    displayName: reader.text(plan, "display_name", place),
    rank: reader.count(plan, "rank", place),
    cycleMicros: reader.credits(plan, "credits", place),
    limits: readLimits(reader, plan.limits, `${place}.limits`),
    monthlyPrice: reader.price(plan, "monthly_price", place, currency),
    yearlyPrice: reader.price(plan, "yearly_price", place, currency),
  };
}

/** `null` is no limit. */
function readLimits(reader: EntryReader, value: unknown, place: string): PlanLimits {
  const limits = reader.entry(value, place, ["workspaces", "members", "agents"]);
  const limit = (name: string) => (limits[name] === null ? undefined : reader.count(limits, name, place));
  return { WORKSPACES: limit("workspaces"), MEMBERS: limit("members"), AGENTS: limit("agents") };
}

function readPack(reader: EntryReader, value: unknown, place: string, currency: string): TopUpPack {
  const pack = reader.entry(value, place, ["pack_id", "display_name", "credits", "price"]);
  return {
    packId: reader.text(pack, "pack_id", place),
    displayName: reader.text(pack, "display_name", place),
    amountMicros: reader.credits(pack, "credits", place),
    price: reader.price(pack, "price", place, currency),
  };
}

function readUnitPrice(reader: EntryReader, value: unknown, currency: string): UnitPrice {
  const unit = reader.entry(value, "unit_price", ["credits", "price"]);
  return {
    amountMicros: reader.credits(unit, "credits", "unit_price"),
    price: reader.price(unit, "price", "unit_price", currency),
  };
}

/** Reads fields of parsed JSON and collects what is wrong with them. */
class EntryReader {
  readonly faults: CatalogueFault[] = [];

  entry(value: unknown, place: string, fields: readonly string[]): Entry {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      this.#fault(place, "is not an object");
      return {};
    }
    for (const name of Object.keys(value))
      if (!fields.includes(name)) this.#fault(`${place}.${name}`, "is not a field");
    return { ...value };
  }

  list(entry: Entry, name: string): readonly unknown[] {
    const value = entry[name];
    if (Array.isArray(value)) return value;
    this.#fault(name, "is not a list");
    return [];
  }

  text(entry: Entry, name: string, place: string): string {
    const value = entry[name];
    if (typeof value === "string") return value;
    this.#fault(`${place}.${name}`, value === undefined ? "is missing" : "is not a text");
    return "";
  }

  count(entry: Entry, name: string, place: string): number {
    const value = entry[name];
    if (Number.isSafeInteger(value)) return Number(value);
    this.#fault(`${place}.${name}`, value === undefined ? "is missing" : "is not a whole number");
    return 0;
  }

  credits(entry: Entry, name: string, place: string): bigint {
    return BigInt(this.count(entry, name, place)) * CREDIT_MICROS;
  }

  price(entry: Entry, name: string, place: string, currency: string): Price {
    return { amountMinor: BigInt(this.count(entry, name, place)), currency };
  }

  #fault(place: string, description: string): void {
    this.faults.push({ place, description });
  }
}
