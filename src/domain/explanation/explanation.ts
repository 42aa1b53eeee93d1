import type { Balance } from "../ledger/account.ts";
import type { Grant } from "../ledger/grant.ts";
import type { Movement, Transaction } from "../ledger/transaction.ts";
import type { PricedRateCard } from "../pricing/priced-rate-card.ts";
import type { Time } from "../time.ts";
import { type ExplainedPrice, explainPrice } from "./price.ts";
import { explainSteps } from "./steps.ts";
import { explanationText } from "./text.ts";

/** What a movement did; see `StepRole` of the contract. */
export type StepRole =
  | "GRANTED"
  | "HELD"
  | "PAID"
  | "OWED"
  | "RETURNED"
  | "EXPIRED"
  | "VOIDED"
  | "DEBT_PAID"
  | "REFUNDED"
  | "RESTORED";

/** A movement, its grant, and why it is in this place. */
export type ExplainedStep = Readonly<{
  role: StepRole;
  movement: Movement;
  grant: Grant | undefined;
  reason: string;
}>;

/** A transaction, and how it came to what it did. */
export type Explanation<T extends Transaction = Transaction> = Readonly<{
  transaction: T;
  /** Undefined where the amount was given. */
  price: ExplainedPrice | undefined;
  steps: readonly ExplainedStep[];
  /** The changes of the reservation that it is about. */
  holdHistory: readonly Transaction[];
  /** The balance before it, and since when; undefined where nothing was before. */
  balanceBefore: Readonly<{ balance: Balance; effectiveTime: Time }> | undefined;
  text: readonly string[];
}>;

/** What an explanation is made from. */
export type Evidence<T extends Transaction = Transaction> = Readonly<{
  transaction: T;
  before: Transaction | undefined;
  /** The grants that its movements name. */
  grants: ReadonlyMap<string, Grant>;
  holdHistory: readonly Transaction[];
  /** The one that it was priced by, where it was. */
  card: PricedRateCard | undefined;
}>;

/** Explains a transaction from what is stored, by the rules that decided it. */
export function explain<T extends Transaction>(evidence: Evidence<T>): Explanation<T> {
  const { transaction, before, grants, holdHistory, card } = evidence;
  const price = explainPrice(transaction, card);
  const steps = explainSteps(transaction, grants);
  const told = { transaction, price, steps, holdHistory, balanceBefore: before };
  return { ...told, text: explanationText(told) };
}
