import { LifeWriter } from "./life-writer.ts";
import { OrganizationLife } from "./organization-life.ts";
import { readRulebook } from "./rulebook.ts";
import { createSeedOrm, type SeedOrder, type SeedProgress } from "./seed-order.ts";
import { lifePlan, organizationCount } from "./shape.ts";

/** A process that seeds its share of the organizations and tells how far it is. */

const PROGRESS_MS = 500;

async function seed({ url, shape, now, process: first, processes }: SeedOrder): Promise<void> {
  const time = BigInt(now);
  const rulebook = readRulebook(time);
  const orm = createSeedOrm(url);
  const writer = await LifeWriter.open(url, orm);
  const meter = new ProgressMeter();
  for (let index = first; index < organizationCount(shape); index += processes) {
    const life = new OrganizationLife(lifePlan(shape, index, time), rulebook);
    await writer.write(life, (transactions, reservations) => meter.add(transactions, reservations));
  }
  await writer.end();
  await orm.close(true);
  meter.tell();
}

class ProgressMeter {
  #transactions = 0;
  #reservations = 0;
  #toldAt = performance.now();

  add(transactions: number, reservations: number): void {
    this.#transactions += transactions;
    this.#reservations += reservations;
    if (performance.now() - this.#toldAt > PROGRESS_MS) this.tell();
  }

  tell(): void {
    const progress: SeedProgress = { transactions: this.#transactions, reservations: this.#reservations };
    process.send?.(progress);
    this.#transactions = 0;
    this.#reservations = 0;
    this.#toldAt = performance.now();
  }
}

process.once("message", (order: SeedOrder) => {
  seed(order)
    .then(() => process.disconnect())
    .catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
});
