import { expect } from "chai";
import { DAY, MINUTE } from "../../../src/domain/time.ts";
import { Book, START } from "../support/book.ts";

/** What a request does; each is accepted by `openBook()`. */
const REQUESTS: readonly (readonly [title: string, act: (book: Book) => string[]])[] = [
  ["reserve", (book) => book.reserve("new", 1)],
  ["batch", (book) => book.reserveTogether(["a", 1], ["b", 1])],
  ["settle", (book) => book.settle("r", 1)],
  ["release", (book) => book.release("r")],
  ["release of a run", (book) => book.releaseRun("run")],
  ["extend", (book) => book.extend("r", { amount: 1 })],
  ["charge", (book) => book.charge("c", 1)],
  ["grant", (book) => book.grant("PROMOTIONAL", 1, "gift")],
  ["void", (book) => book.void("p", true)],
];

function openBook(): Book {
  const book = new Book();
  book.grant("PURCHASED", 9, "p");
  book.reserve("r", 2, 15n * MINUTE, { runId: "run" });
  return book;
}

describe("requests", () => {
  for (const [title, act] of REQUESTS) {
    it(`R-REQ-1: a ${title} that is repeated gives the first answer and changes nothing`, () => {
      const book = openBook();
      const request = () => book.asRequest("q", () => act(book));
      const changes = request().length;
      const versions = Array.from({ length: changes }, (_, index) => BigInt(index) + 3n);
      expect(book.unchangedBy(request)).to.deep.equal(versions);
      // The state that it would be decided on is another by now; so are the credits and the time.
      book.charge("everything", 20, true);
      book.at(START + DAY);
      expect(book.unchangedBy(request)).to.deep.equal(versions);
    });

    for (const [otherTitle, other] of REQUESTS) {
      if (other === act) continue;
      it(`R-REQ-2: the id of a ${title} can't be used for a ${otherTitle}`, () => {
        const book = openBook();
        book.asRequest("q", () => act(book));
        const first = book.ledger.requests.get("q");
        expect(book.refusalOf(() => book.asRequest("q", () => other(book)))).to.deep.equal({
          reason: "REQUEST_ID_REUSED",
          requestId: "q",
          first,
        });
        expect(first).to.include({ kind: book.transactions[2]?.kind, effectiveTime: START });
      });
    }
  }

  it("R-REQ-2: the same kind with other content is refused, with the first request's kind and time", () => {
    const book = openBook();
    book.wait(MINUTE);
    book.asRequest("q", () => book.charge("c", 1));
    book.wait(MINUTE);
    for (const other of [
      () => book.charge("c", 2),
      () => book.charge("c", 1, true),
      () => book.charge("d", 1),
    ]) {
      const refusal = book.refusalOf(() => book.asRequest("q", other));
      expect(refusal).to.have.property("reason", "REQUEST_ID_REUSED");
      expect(refusal).to.have.deep.property("first", {
        fingerprint: book.last.fingerprint,
        kind: "CHARGE",
        effectiveTime: START + MINUTE,
        versions: [3n],
      });
    }
  });

  it("R-REQ-2: a reused id is refused before any rule over the state, even in an unknown state", () => {
    const book = openBook();
    book.asRequest("q", () => book.charge("c", 1));
    const worse = () => book.asRequest("q", () => book.void("no such grant"));
    expect(book.refusalOf(worse)).to.have.property("reason", "REQUEST_ID_REUSED");
  });

  it("R-REQ-1: only what was accepted is remembered: a refused id is free for anything", () => {
    const book = openBook();
    book.asRequest("q", () => book.refusalOf(() => book.charge("c", 99)));
    expect(book.asRequest("q", () => book.charge("c", 1))).to.have.length(1);
  });

  it("R-REQ-1: a repeated settle is a repetition even where its reservation forbids it now", () => {
    const book = openBook();
    book.asRequest("q", () => book.reserve("new", 1));
    book.settle("new", 1);
    expect(book.unchangedBy(() => book.asRequest("q", () => book.reserve("new", 1)))).to.deep.equal([3n]);
  });

  it("R-REQ-1: of a batch all changes are remembered, in order", () => {
    const book = openBook();
    book.asRequest("q", () => book.reserveTogether(["a", 1], ["b", 1], ["c", 1]));
    expect(book.ledger.requests.get("q")).to.deep.include({ kind: "RESERVE", versions: [3n, 4n, 5n] });
  });
});
