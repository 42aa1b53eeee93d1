import { CREDIT_MICROS } from "../../../src/domain/amount.ts";
import { availableMicros, type Balance } from "../../../src/domain/ledger/account.ts";
import type { Grant } from "../../../src/domain/ledger/grant.ts";
import type { Ledger } from "../../../src/domain/ledger/ledger.ts";
import type { Movement, Transaction } from "../../../src/domain/ledger/transaction.ts";

/** How a test writes an amount: whole credits as a number, microcredits as a bigint. */
export type Amount = number | bigint;

export function micros(amount: Amount): bigint {
  return typeof amount === "bigint" ? amount : BigInt(amount) * CREDIT_MICROS;
}

/** `SETTLE 3: s HELD>CONSUMED 2, p HELD>CONSUMED 1`; grants go by their reference, amounts are credits. */
export function lineOf(ledger: Ledger, transaction: Transaction): string {
  const { kind, amountMicros, late, movements } = transaction;
  const head = `${kind} ${credits(amountMicros)}${late ? " late" : ""}`;
  return movements.length === 0 ? head : `${head}: ${movements.map((m) => moveOf(ledger, m)).join(", ")}`;
}

/** `subscription 2, reserved 1 | available 1`, without what is zero. */
export function balanceText(balance: Balance): string {
  const parts = Object.entries(balance).map(
    ([name, amount]) => [name.replace("Micros", ""), amount] as const,
  );
  return `${amounts(parts)} | available ${credits(availableMicros(balance))}`;
}

/** `free 2, held 1, voided`, without what is zero. */
export function grantText(grant: Grant): string {
  const text = amounts([
    ["free", grant.freeMicros],
    ["held", grant.heldMicros],
    ["consumed", grant.consumedMicros],
    ["expired", grant.expiredMicros],
    ["voided", grant.voidedMicros],
  ]);
  const debt = grant.spentBecomesDebt ? ", spent becomes debt" : "";
  return grant.voided ? `${text} (void${debt})` : text;
}

function moveOf(ledger: Ledger, { grantId, from, to, amountMicros, debtVersion }: Movement): string {
  const grant = grantId === undefined ? "" : `${ledger.grants.get(grantId)?.reference} `;
  const debt = debtVersion === undefined ? "" : ` #${debtVersion}`;
  return `${grant}${from}>${to}${debt} ${credits(amountMicros)}`;
}

function amounts(parts: readonly (readonly [name: string, amountMicros: bigint])[]): string {
  const shown = parts.filter(([, amountMicros]) => amountMicros !== 0n);
  return shown.map(([name, amountMicros]) => `${name} ${credits(amountMicros)}`).join(", ") || "nothing";
}

/** `3`, `-2`, `0.000001`. */
function credits(amountMicros: bigint): string {
  if (amountMicros < 0n) return `-${credits(-amountMicros)}`;
  const fraction = String(amountMicros % CREDIT_MICROS)
    .padStart(6, "0")
    .replace(/0+$/, "");
  return `${amountMicros / CREDIT_MICROS}${fraction && `.${fraction}`}`;
}
