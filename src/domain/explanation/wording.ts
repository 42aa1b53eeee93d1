import type { Grant, GrantKind } from "../ledger/grant.ts";
import { writeDecimal } from "../pricing/decimal.ts";
import { SECOND, type Time } from "../time.ts";

const KIND_WORDS: Readonly<Record<GrantKind, string>> = {
  SUBSCRIPTION: "subscription",
  PROMOTIONAL: "promotional",
  PURCHASED: "purchased",
};

/** Credits for a person: `3.2 credits`, to the microcredit, `1 credit` alone. */
export function credits(micros: bigint): string {
  const amount = decimalCredits(micros);
  return `${amount} ${amount === "1" ? "credit" : "credits"}`;
}

export function decimalCredits(micros: bigint): string {
  const size = writeDecimal({ numerator: micros < 0n ? -micros : micros, denominator: 1_000_000n }, 6);
  return micros < 0n ? `-${size}` : size;
}

/** `2026-11-08 10:00:00 UTC`, with as many digits of the second as it has. */
export function moment(time: Time): string {
  const rest = ((time % SECOND) + SECOND) % SECOND;
  const seconds = new Date(Number((time - rest) / 1_000n)).toISOString().slice(0, 19).replace("T", " ");
  const fraction = rest === 0n ? "" : `.${String(rest).padStart(6, "0").replace(/0+$/, "")}`;
  return `${seconds}${fraction} UTC`;
}

export function kindWord(kind: GrantKind): string {
  return KIND_WORDS[kind];
}

/** How a grant is named: by its kind, what it was for, and when it ends. */
export function grantWords({ kind, reference, expireTime }: Grant): string {
  const end = expireTime === undefined ? "never expires" : `expires ${moment(expireTime)}`;
  return `the ${KIND_WORDS[kind]} grant ${reference} (${end})`;
}
