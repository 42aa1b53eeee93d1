/** One credit is 1,000,000 microcredits, so a credit has six decimals. */
const DECIMALS = 6;
const CREDIT_MICROS = 10n ** BigInt(DECIMALS);

/** What one request may name at most: 10^15 microcredits. */
const MICROS_MAX = 10n ** 15n;

/** What `microsFromCredits` understands, for messages. */
export const CREDITS_TEXT = "credits as decimal text, 0 to 1000000000 with at most 6 decimals";

/**
 * Microcredits from credits as people write them, such as "12.5". Exact: the digits are moved, never multiplied as
 * a floating-point number. Undefined if the text is anything else.
 */
export function microsFromCredits(text: string): bigint | undefined {
  const match = /^(\d{1,10})(?:\.(\d{1,6}))?$/.exec(text);
  if (match === null) {
    return undefined;
  }
  const [, whole = "", decimals = ""] = match;
  const micros = BigInt(whole + decimals.padEnd(DECIMALS, "0"));
  return micros <= MICROS_MAX ? micros : undefined;
}

/** Credits with all the decimals that are not zero, and two at least: 12.50. */
export function creditsFromMicros(micros: bigint): string {
  const magnitude = micros < 0n ? -micros : micros;
  const decimals = String(magnitude % CREDIT_MICROS).padStart(DECIMALS, "0");
  const shown = decimals.replace(/0{1,4}$/, "");
  return `${micros < 0n ? "-" : ""}${magnitude / CREDIT_MICROS}.${shown}`;
}
