import { AMOUNT_MICROS_MAX } from "../amount.ts";
import type { CatalogueContent, TopUpPack } from "./catalogue.ts";
import { isCurrency } from "./currency.ts";
import { LIMIT_KINDS, type Plan } from "./plan.ts";
import type { Price } from "./price.ts";

/** Something that keeps a catalogue from being published. */
export type CatalogueFault = Readonly<{ place: string; description: string }>;

/** Why a catalogue is not published. */
export type CatalogueRefusal = Readonly<{ reason: "CATALOGUE_INVALID"; faults: readonly CatalogueFault[] }>;

type Report = (place: string, description: string) => void;

const ID = /^[A-Za-z0-9_.:/@-]{1,128}$/;
const NAME_LENGTH_MAX = 128;
const ENTRIES_MAX = 100;
/** Larger whole numbers would not survive a JSON number or an int32. */
const COUNT_MAX = 2 ** 31 - 1;
const PRICE_MINOR_MAX = 10n ** 15n;

/**
 * Every fault of a catalogue, in its order; none: it can be published. The plans
 * that somebody is on, or will be, must stay (R-PLAN-1: nobody loses mid-cycle).
 */
export function catalogueFaults(
  content: CatalogueContent,
  plansInUse: ReadonlySet<string>,
): readonly CatalogueFault[] {
  const faults: CatalogueFault[] = [];
  const report: Report = (place, description) => faults.push({ place, description });
  const { plans, packs, unitPrice } = content;
  for (const [name, entries] of Object.entries({ plans, packs })) {
    if (entries.length > ENTRIES_MAX) report(name, `has ${entries.length} entries, at most ${ENTRIES_MAX}`);
  }
  for (const [index, plan] of plans.entries()) checkPlan(plan, `plans[${index}]`, report);
  for (const [index, pack] of packs.entries()) checkPack(pack, `packs[${index}]`, report);
  if (unitPrice) {
    checkAmount(unitPrice.amountMicros, 1n, "unit_price.amount_micros", report);
    checkPrice(unitPrice.price, "unit_price.price", report);
  }
  reportTwice(
    plans.map(({ planId }) => planId),
    "plans",
    "plan_id",
    report,
  );
  reportTwice(
    plans.map(({ rank }) => String(rank)),
    "plans",
    "rank",
    report,
  );
  reportTwice(
    packs.map(({ packId }) => packId),
    "packs",
    "pack_id",
    report,
  );
  reportCurrencies(content, report);
  for (const planId of plansInUse) {
    if (!plans.some((plan) => plan.planId === planId)) report("plans", `lacks ${planId}, which is in use`);
  }
  return faults;
}

function checkPlan(plan: Plan, place: string, report: Report): void {
  checkNames(plan.planId, plan.displayName, `${place}.plan_id`, place, report);
  if (!isCount(Math.abs(plan.rank))) report(`${place}.rank`, `is ${plan.rank}, not a whole number`);
  checkAmount(plan.cycleMicros, 0n, `${place}.cycle_micros`, report);
  for (const kind of LIMIT_KINDS) {
    const limit = plan.limits[kind];
    if (limit !== undefined && !isCount(limit))
      report(`${place}.limits.${kind.toLowerCase()}`, `is ${limit}, not a whole number from 0 on`);
  }
  checkPrice(plan.monthlyPrice, `${place}.monthly_price`, report);
  checkPrice(plan.yearlyPrice, `${place}.yearly_price`, report);
  const monthsMinor = plan.monthlyPrice.amountMinor * 12n;
  if (plan.yearlyPrice.amountMinor > monthsMinor)
    report(`${place}.yearly_price`, `is more than twelve months, ${monthsMinor}`);
}

function checkPack(pack: TopUpPack, place: string, report: Report): void {
  checkNames(pack.packId, pack.displayName, `${place}.pack_id`, place, report);
  checkAmount(pack.amountMicros, 1n, `${place}.amount_micros`, report);
  checkPrice(pack.price, `${place}.price`, report);
}

function checkNames(id: string, name: string, idPlace: string, place: string, report: Report): void {
  if (!ID.test(id)) report(idPlace, "is not 1-128 of letters, digits and -_.:/@");
  if (name.length > NAME_LENGTH_MAX)
    report(`${place}.display_name`, `has ${name.length} characters, at most ${NAME_LENGTH_MAX}`);
  if (name.includes("\0")) report(`${place}.display_name`, "holds NUL, which no database keeps in a text");
}

function checkAmount(amountMicros: bigint, least: bigint, place: string, report: Report): void {
  if (amountMicros < least || amountMicros > AMOUNT_MICROS_MAX)
    report(place, `is ${amountMicros}, not from ${least} to ${AMOUNT_MICROS_MAX}`);
}

function checkPrice({ amountMinor, currency }: Price, place: string, report: Report): void {
  if (amountMinor < 0n || amountMinor > PRICE_MINOR_MAX)
    report(`${place}.amount_minor`, `is ${amountMinor}, not from 0 to ${PRICE_MINOR_MAX}`);
  if (!isCurrency(currency))
    report(`${place}.currency`, currency === "" ? "is missing" : `is ${currency}, no currency of ISO 4217`);
}

function reportTwice(values: readonly string[], list: string, field: string, report: Report): void {
  for (const [index, value] of values.entries()) {
    const first = values.indexOf(value);
    if (first < index) report(`${list}[${index}].${field}`, `is ${value}, as ${list}[${first}] has it`);
  }
}

/** Prices are compared and set off against each other, so they are all in one currency. */
function reportCurrencies({ plans, packs, unitPrice }: CatalogueContent, report: Report): void {
  const prices = [
    ...plans.flatMap(({ monthlyPrice, yearlyPrice }) => [monthlyPrice, yearlyPrice]),
    ...packs.map(({ price }) => price),
    ...(unitPrice ? [unitPrice.price] : []),
  ];
  const currencies = new Set(prices.map(({ currency }) => currency).filter((currency) => currency !== ""));
  if (currencies.size > 1) report("catalogue", `has prices in ${[...currencies].join(" and ")}`);
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= COUNT_MAX;
}
