import { Draft } from "../../src/domain/ledger/draft.ts";
import type { Changes, Ledger } from "../../src/domain/ledger/ledger.ts";
import type { Transaction } from "../../src/domain/ledger/transaction.ts";
import type { Calendar } from "../../src/domain/plans/calendar.ts";
import type { Fault } from "./machine.ts";

/** Faults that credit systems have had, put in on purpose: the simulator must find each (R-HOLD-3, R-PLAN-2, R-GRANT-3). */
export const FAULTS: Readonly<Record<string, Fault>> = {
  "remainder-to-wrong-grant": { tamper: returnToWrongGrant },
  "boundary-from-last-boundary": { calendar: drifting },
  "expiry-not-counted-on-read": { readsWhatIsDue: true },
};

/** Where a settle consumes one grant's hold and returns another's, it does so the other way round. */
function returnToWrongGrant(ledger: Ledger, changes: Changes): Changes {
  const [settle] = changes.transactions;
  if (settle?.kind !== "SETTLE") return changes;
  const consumed = settle.movements.find(({ from, to }) => from === "HELD" && to === "CONSUMED");
  const returned = settle.movements.find(({ from, to }) => from === "HELD" && to === "FREE");
  if (!consumed || !returned || consumed.grantId === returned.grantId) return changes;
  const swapped =
    consumed.amountMicros < returned.amountMicros ? consumed.amountMicros : returned.amountMicros;
  const movements = settle.movements.flatMap((movement) => {
    if (movement !== consumed && movement !== returned) return movement;
    const { grantId } = movement === consumed ? returned : consumed;
    return [
      { ...movement, amountMicros: movement.amountMicros - swapped },
      { ...movement, grantId, amountMicros: swapped },
    ].filter(({ amountMicros }) => amountMicros > 0n);
  });
  return redraft(ledger, { ...settle, movements });
}

function redraft(ledger: Ledger, transaction: Transaction): Changes {
  const draft = new Draft(ledger);
  for (const movement of transaction.movements) draft.move(movement);
  draft.record(transaction, transaction, transaction.recordTime);
  return draft;
}

/** The 31st becomes the 28th in February, and stays so. */
function drifting(sound: Calendar): Calendar {
  const boundary = (anchorTime: bigint, index: number): bigint => {
    let time = anchorTime;
    for (let month = 0; month < index; month += 1) time = sound.boundary(time, 1);
    for (let month = 0; month > index; month -= 1) time = sound.boundary(time, -1);
    return time;
  };
  return { boundary };
}
