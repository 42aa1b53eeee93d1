import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { RateCard } from "../../domain/pricing/model.ts";
import { readRateCardFile } from "./rate-card-file.ts";

const FILE = fileURLToPath(new URL("../../../catalogue/rate-card.yaml", import.meta.url));

/** The example card, which a new database begins with. */
export function readExampleCard(): RateCard {
  const card = readRateCardFile(readFileSync(FILE, "utf8"), "yaml");
  if ("models" in card) return card;
  throw new Error(`${FILE}: ${card[0]?.problem}`);
}
