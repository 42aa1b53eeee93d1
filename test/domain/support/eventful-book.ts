import { DAY, MINUTE, SECOND } from "../../../src/domain/time.ts";
import { Book, START } from "./book.ts";

/** Thirteen changes, of every kind; it ends with a hold `open`, a debt and a void grant. */
export function eventfulBook(): Book {
  const book = new Book();
  book.grant("SUBSCRIPTION", 5, "cycle", START + MINUTE); // 1
  book.grant("PURCHASED", 9, "p"); // 2
  book.reserve("settled", 3, 2n * MINUTE); // 3
  book.reserve("expired", 2, SECOND); // 4
  book.settle("settled", 4); // 5
  book.asRequest("together", () => book.reserveTogether(["released", 1], ["open", 2])); // 6, 7; 8: expiry
  book.wait(SECOND);
  book.release("released"); // 9
  book.extend("open", { timeToLive: DAY, amount: 1 }); // 10
  book.wait(MINUTE); // 11: the cycle's end
  book.void("p", true); // 12
  book.charge("c", 1, true); // 13
  return book;
}
