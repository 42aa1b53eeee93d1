import type { Lot } from "./naive-credits.ts";

export type NaiveState = "HELD" | "EXPIRED" | "SETTLED" | "RELEASED";

/** Work that microcredits were set aside for. */
export type NaiveReservation = {
  number: number;
  run: number;
  state: NaiveState;
  size: number;
  begun: number;
  expires: number;
  charged: number;
  refunded: number;
  /** What no microcredits were there for, and the change that it was owed from. */
  debt: number;
  debtVersion: number;
  /** Who paid and was not paid back, the first payment first. */
  paid: { lot: Lot; size: number }[];
};

export function newReservation(
  number: number,
  run: number,
  times: Readonly<{ begun: number; expires: number }>,
): NaiveReservation {
  return {
    number,
    run,
    state: "HELD",
    size: 0,
    ...times,
    charged: 0,
    refunded: 0,
    debt: 0,
    debtVersion: 0,
    paid: [],
  };
}
