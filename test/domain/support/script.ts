import fc from "fast-check";
import type { Command } from "../../../src/domain/ledger/command.ts";
import type { Refusal } from "../../../src/domain/ledger/refusal.ts";
import { SECOND, type Span } from "../../../src/domain/time.ts";
import { Book, NotAccepted, type View } from "./book.ts";

/** A step of a script: time passes, or something is asked for, of the book as it then is. */
export type Step = (book: Book) => Span | Command | undefined;

/** What a step did: the lines of its changes, why it was refused, or which changes had done it before. */
export type Outcome = readonly string[] | Refusal | readonly bigint[];

/** Times are whole and half seconds, a microsecond apart at most, so that ends often coincide. */
const SPAN = fc.constantFrom(0n, 1n, SECOND / 2n, SECOND, SECOND, 2n * SECOND, 3n * SECOND, 9n * SECOND);
const LIFE = fc.constantFrom(SECOND, SECOND, 2n * SECOND, 3n * SECOND, 5n * SECOND);
const AMOUNT = fc.bigInt({ min: 0n, max: 12n });
const CONTEXT = fc.constantFrom({}, { runId: "a" }, { runId: "b" });
const PICK = fc.nat(1000);
const ITEM = fc.record({ amountMicros: AMOUNT, timeToLive: LIFE, context: CONTEXT });

const GRANT = fc
  .record({
    grantKind: fc.constantFrom("SUBSCRIPTION", "PROMOTIONAL", "PURCHASED"),
    amountMicros: fc.bigInt({ min: 1n, max: 12n }),
    life: fc.option(LIFE, { nil: undefined }),
    reference: fc.integer({ min: 0, max: 30 }),
  })
  .map(({ grantKind, amountMicros, life, reference }): Step => {
    const lasts = { SUBSCRIPTION: life ?? SECOND, PROMOTIONAL: life, PURCHASED: undefined }[grantKind];
    return (book) => ({
      kind: "createGrant",
      grantKind,
      amountMicros,
      expireTime: lasts === undefined ? undefined : book.now + lasts,
      reference: `reference-${reference}`,
    });
  });

/** A command about one of the reservations that there are by then. */
function aboutReservation<T>(
  parts: fc.Arbitrary<T>,
  command: (reservationId: string, part: T) => Command,
): fc.Arbitrary<Step> {
  return fc.tuple(PICK, parts).map(([pick, part]) => (book) => {
    const id = picked([...book.ledger.reservations.keys()], pick);
    return id === undefined ? undefined : command(id, part);
  });
}

const VOID = fc.tuple(PICK, fc.boolean()).map(([pick, spentBecomesDebt]): Step => {
  return (book) => {
    const grantId = picked([...book.ledger.grants.keys()], pick);
    return grantId === undefined ? undefined : { kind: "voidGrant", grantId, spentBecomesDebt, reason: "" };
  };
});

const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: SPAN.map(
      (span): Step =>
        () =>
          span,
    ),
  },
  { weight: 5, arbitrary: GRANT },
  {
    weight: 6,
    arbitrary: ITEM.map(
      (item): Step =>
        () => ({ kind: "reserveCredits", ...item }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.array(ITEM, { minLength: 1, maxLength: 3 }).map(
      (items): Step =>
        () => ({ kind: "batchReserveCredits", items }),
    ),
  },
  {
    weight: 5,
    arbitrary: aboutReservation(AMOUNT, (reservationId, amountMicros) => ({
      kind: "settleReservation",
      reservationId,
      amountMicros,
    })),
  },
  {
    weight: 2,
    arbitrary: aboutReservation(fc.constant(0), (reservationId) => ({
      kind: "releaseReservation",
      reservationId,
    })),
  },
  {
    weight: 2,
    arbitrary: aboutReservation(
      fc.record({ timeToLive: fc.option(LIFE, { nil: undefined }), additionalAmountMicros: AMOUNT }),
      (reservationId, more) => ({ kind: "extendReservation", reservationId, ...more }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("a", "b").map(
      (runId): Step =>
        () => ({ kind: "releaseRun", runId }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.record({ amountMicros: AMOUNT, context: CONTEXT, allowDebt: fc.boolean() }).map(
      (charge): Step =>
        () => ({ kind: "chargeCredits", ...charge }),
    ),
  },
  { weight: 1, arbitrary: VOID },
  {
    weight: 1,
    arbitrary: AMOUNT.map(
      (amountMicros): Step =>
        () => ({
          kind: "setAlertThresholds",
          thresholds: [{ name: "low", level: { amountMicros }, rearmMargin: { amountMicros: 0n } }],
        }),
    ),
  },
);

/** Up to forty steps; the first one opens the organization. */
export const SCRIPT: fc.Arbitrary<readonly Step[]> = fc
  .tuple(GRANT, fc.array(STEP, { maxLength: 40, size: "max" }))
  .map(([first, others]) => [first, ...others]);

/** What happens in a new book when a script is played in it. */
export function play(
  script: readonly Step[],
  view?: View,
): Readonly<{ book: Book; outcomes: readonly Outcome[] }> {
  const book = new Book(view);
  const outcomes = script.map((step) => outcomeOf(book, step));
  return { book, outcomes };
}

function outcomeOf(book: Book, step: Step): Outcome {
  const what = step(book);
  if (what === undefined) return [];
  if (typeof what === "bigint") return book.wait(what);
  try {
    return book.apply(what);
  } catch (error) {
    if (!(error instanceof NotAccepted)) throw error;
    return error.refusal ?? error.versions ?? [];
  }
}

function picked<T>(values: readonly T[], pick: number): T | undefined {
  return values[pick % Math.max(values.length, 1)];
}
