import { expect } from "chai";
import { DAY, MINUTE } from "../../../src/domain/time.ts";
import { Book, START } from "../support/book.ts";

const CONTEXT = {
  runId: "run",
  nodeId: "r",
  agentId: "agent",
  workspaceId: "workspace",
  memberId: "member",
  parentRunId: "parent",
  modelId: "model",
  labels: { team: "film" },
};

describe("history", () => {
  it("R-HIST-2: a transaction tells what happened, who asked, when, and the balance after it", () => {
    const book = new Book();
    book.wait(MINUTE);
    book.asRequest("q", () => book.grant("PROMOTIONAL", 3, "gift", START + DAY));
    const grantId = book.grantIdOf("gift");
    expect(book.last).to.deep.equal({
      organizationId: "acme",
      version: 1n,
      kind: "GRANT",
      effectiveTime: START + MINUTE,
      recordTime: START + MINUTE,
      requestId: "q",
      fingerprint: book.requests[0]?.fingerprint,
      requestOrdinal: 0,
      actor: "studio",
      grantId,
      grantKind: "PROMOTIONAL",
      amountMicros: 3_000_000n,
      expireTime: START + DAY,
      reference: "gift",
      movements: [{ grantId, from: "OUTSIDE", to: "FREE", amountMicros: 3_000_000n, debtVersion: undefined }],
      balance: {
        subscriptionMicros: 0n,
        promotionalMicros: 3_000_000n,
        purchasedMicros: 0n,
        reservedMicros: 0n,
        debtMicros: 0n,
      },
      grantAfter: {
        freeMicros: 3_000_000n,
        heldMicros: 0n,
        consumedMicros: 0n,
        expiredMicros: 0n,
        voidedMicros: 0n,
      },
    });
  });

  it("R-HIST-2: every change of a reservation tells what it was for", () => {
    const book = new Book();
    book.grant("PURCHASED", 9, "p");
    for (const end of [
      () => book.settle("r", 1),
      () => book.release("r"),
      () => book.wait(DAY),
      () => book.releaseRun("run"),
    ]) {
      book.ledger.reservations.clear();
      book.reserve("r", 2, MINUTE, CONTEXT);
      book.extend("r", { amount: 1 });
      end();
      expect(book.last.amountMicros, book.last.kind).to.equal(
        book.last.kind === "SETTLE" ? 1_000_000n : 3_000_000n,
      );
      for (const { context, reservationId } of book.transactions.slice(-3)) {
        expect(context).to.deep.equal(CONTEXT);
        expect(reservationId).to.equal(book.reservation("r").reservationId);
      }
    }
  });

  it("R-HIST-2: what changes no credits is remembered as a transaction without movements", () => {
    const book = new Book();
    book.grant("PURCHASED", 2, "p");
    book.reserve("r", 1);
    book.extend("r", { timeToLive: DAY });
    expect(book.last).to.deep.include({ kind: "EXTEND", amountMicros: 0n, movements: [] });
  });

  it("R-HIST-2: amounts are what the kind is about: granted, held, added, charged, returned, expired, taken back", () => {
    const book = new Book();
    book.grant("PROMOTIONAL", 9, "g", START + DAY);
    book.reserve("a", 2);
    book.extend("a", { amount: 1 });
    book.settle("a", 1);
    book.reserve("b", 2);
    book.release("b");
    book.reserve("c", 2);
    book.charge("d", 1);
    book.wait(DAY);
    book.grant("PURCHASED", 4, "p");
    book.charge("e", 1);
    book.void("p");
    expect(book.transactions.map(({ kind, amountMicros }) => `${kind} ${amountMicros / 1_000_000n}`)).to.eql([
      "GRANT 9",
      "RESERVE 2",
      "EXTEND 1",
      "SETTLE 1",
      "RESERVE 2",
      "RELEASE 2",
      "RESERVE 2",
      "CHARGE 1",
      "HOLD_EXPIRY 2",
      "GRANT_EXPIRY 7",
      "GRANT 4",
      "CHARGE 1",
      "GRANT_VOID 3",
    ]);
  });
});
