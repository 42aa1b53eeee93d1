const MILLI = 1_000;

/**
 * So many months after an anchor, by the days of each month and nothing else: a
 * second opinion on the calendar that the service uses. Microseconds since 1970.
 */
export function monthsAfter(anchor: number, months: number): number {
  const date = new Date(Math.floor(anchor / MILLI));
  const rest = anchor - date.getTime() * MILLI;
  const sinceMidnight =
    date.getTime() - Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
  const first = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1));
  const next = Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 1);
  const days = (next - first.getTime()) / 86_400_000;
  const day = Math.min(date.getUTCDate(), days);
  return (first.getTime() + (day - 1) * 86_400_000 + sinceMidnight) * MILLI + rest;
}

/** What the credits of a month that begins then are known by. */
export function cycleName(begins: number): string {
  const [date, time = ""] = new Date(Math.floor(begins / MILLI)).toISOString().split(".");
  return `cycle:${date}${time === "000Z" ? "Z" : `.${time}`}`;
}
