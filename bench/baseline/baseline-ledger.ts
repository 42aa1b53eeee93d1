import type { Request } from "../../src/domain/ledger/command.ts";
import type { CreditLedger } from "../../src/service/credit-ledger.ts";
import type { Answer, Receipt } from "../../src/service/receipt.ts";
import { receiptOf } from "../../src/service/receipts.ts";
import { fingerprintOf } from "../../src/storage/hash-chain.ts";
import type { DecidedAlone } from "./decide-alone.ts";

/** A way to do the work of one request, and to let go of what it needs. */
export type Baseline = Readonly<{
  apply: (request: Request) => Promise<DecidedAlone>;
  close: () => Promise<void>;
}>;

/** Puts a baseline behind the service's own doors: it reserves and settles, and does nothing else. */
export class BaselineLedger implements CreditLedger {
  readonly #apply: Baseline["apply"];

  constructor({ apply }: Baseline) {
    this.#apply = apply;
  }

  async apply(asked: Omit<Request, "fingerprint">): Promise<Answer<Receipt>> {
    const decided = await this.#apply({ ...asked, fingerprint: fingerprintOf(asked.command) });
    if ("refusal" in decided) return decided;
    return { value: receiptOf(decided.changes, [decided.sealed]) };
  }

  getBalance = unmeasured;
  getReservation = unmeasured;
  listReservations = unmeasured;
  getGrant = unmeasured;
  listGrants = unmeasured;
  getTransaction = unmeasured;
  listTransactions = unmeasured;
}

function unmeasured(): never {
  throw new Error("a baseline answers nothing but what is measured");
}
