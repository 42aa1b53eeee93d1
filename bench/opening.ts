import { v7 as uuid } from "uuid";
import type { CreateGrant, Request } from "../src/domain/ledger/command.ts";

const AMOUNT_MICROS = 10n ** 15n;
const MONTH_MS = 30 * 24 * 3_600_000;

/** The grants that open an organization. */
export function grantRequests(organizationId: string): readonly Omit<Request, "fingerprint">[] {
  const expireTime = BigInt(Date.now() + MONTH_MS) * 1_000n;
  const grants: readonly CreateGrant[] = [
    {
      kind: "createGrant",
      grantKind: "SUBSCRIPTION",
      amountMicros: AMOUNT_MICROS,
      expireTime,
      reference: "cycle:1",
    },
    {
      kind: "createGrant",
      grantKind: "PURCHASED",
      amountMicros: AMOUNT_MICROS,
      expireTime: undefined,
      reference: "payment:1",
    },
  ];
  return grants.map((command) => ({ organizationId, requestId: uuid(), actor: "bench", command }));
}
