import { newAccount } from "../../src/domain/ledger/account.ts";
import type { Request } from "../../src/domain/ledger/command.ts";
import type { Grant } from "../../src/domain/ledger/grant.ts";
import type { Time } from "../../src/domain/time.ts";
import type { Baseline } from "./baseline-ledger.ts";
import { type DecidedAlone, decideAlone, type Loaded } from "./decide-alone.ts";

const NOW: Time = 1_800_000_000_000_000n;
const AMOUNT_MICROS = 1_000_000_000n;

const GRANT: Grant = {
  grantId: "00000000-0000-7000-8000-000000000003",
  kind: "PURCHASED",
  amountMicros: AMOUNT_MICROS,
  freeMicros: AMOUNT_MICROS,
  heldMicros: 0n,
  consumedMicros: 0n,
  expiredMicros: 0n,
  voidedMicros: 0n,
  createTime: NOW,
  expireTime: undefined,
  reference: "payment:1",
  version: 1n,
  voided: false,
  spentBecomesDebt: false,
};

/** Answers each kind of request as it did the first one: validation and conversion are all that is left. */
export function doorAloneBaseline(): Baseline {
  const answers = new Map<string, DecidedAlone>();
  let loaded: Loaded = {
    account: {
      ...newAccount("any"),
      version: 1n,
      balance: { ...newAccount("any").balance, purchasedMicros: AMOUNT_MICROS },
    },
    headHash: "",
    now: NOW,
    grants: [GRANT],
    reservation: undefined,
  };
  const first = (request: Request): DecidedAlone => {
    const decided = decideAlone(loaded, request);
    if ("refusal" in decided) return decided;
    const { account, grants, reservations } = decided.changes;
    const [reservation] = reservations.values();
    loaded = { ...loaded, account, grants: [...grants.values()], reservation };
    answers.set(request.command.kind, decided);
    return decided;
  };
  return {
    apply: (request) => Promise.resolve(answers.get(request.command.kind) ?? first(request)),
    close: () => Promise.resolve(),
  };
}
