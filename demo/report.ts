import type { Balance } from "../gen/pleyor/credits/v1/balance_pb.ts";
import { creditsFromMicros } from "./credits-text.ts";
import type { Refused, Step } from "./player.ts";
import type { Run } from "./run-file.ts";
import { type Column, fitColumns, tableHead, tableRow } from "./table.ts";

const AMOUNT = { width: 12, isRight: true } as const;

/** The run as its file says it, before anything happens. */
export function planOf(run: Run): string {
  const rows = run.nodes.map(({ node, kind, model, settings, estimateMicros }) => [
    node,
    kind,
    model,
    creditsFromMicros(estimateMicros),
    Object.entries(settings)
      .map(([name, value]) => `${name} ${value}`)
      .join(", "),
  ]);
  const columns = fitColumns(["NODE", "KIND", "MODEL", "ESTIMATE", "SETTINGS"], rows);
  return [tableHead(columns), ...rows.map((row) => tableRow(columns, row))].join("\n");
}

/** What the ledger must agree with in the end. Amounts are in microcredits. */
export interface Totals {
  readonly grantedMicros: bigint;
  readonly reservedMicros: bigint;
  readonly settledMicros: bigint;
  readonly releasedMicros: bigint;
  readonly refusals: number;
}

/** Prints what happens while it happens, and adds it up. */
export class Report {
  readonly #columns: readonly Column[];
  readonly #print: (line: string) => void;
  #totals: Totals = {
    grantedMicros: 0n,
    reservedMicros: 0n,
    settledMicros: 0n,
    releasedMicros: 0n,
    refusals: 0,
  };

  constructor(run: Run, print: (line: string) => void) {
    this.#print = print;
    this.#columns = [
      {
        title: "NODE",
        width: Math.max(...run.nodes.map(({ node }) => node.length), "+ 1000.00 subscription".length),
      },
      { title: "RESERVED", ...AMOUNT },
      { title: "SETTLED", ...AMOUNT },
      { title: "RELEASED", ...AMOUNT },
      { title: "SUBSCRIPTION", ...AMOUNT },
      { title: "PROMOTIONAL", ...AMOUNT },
      { title: "PURCHASED", ...AMOUNT },
      { title: "AVAILABLE", ...AMOUNT },
      { title: "PAID BY", width: "PAID BY".length },
    ];
    print(tableHead(this.#columns));
  }

  get totals(): Totals {
    return this.#totals;
  }

  add(step: Step | Refused): void {
    if (step.type === "refused") {
      this.#addRefusal(step);
    } else if (step.type === "granted") {
      this.#count({ grantedMicros: step.amountMicros });
      this.#row(`+ ${creditsFromMicros(step.amountMicros)} ${step.kind}`, { balance: step.balance });
    } else {
      this.#addEnding(step);
    }
  }

  #addRefusal({ node, requiredMicros, availableMicros, shortfallMicros }: Refused): void {
    this.#count({ refusals: 1 });
    const required = creditsFromMicros(requiredMicros);
    const available = creditsFromMicros(availableMicros);
    const shortfall = creditsFromMicros(shortfallMicros);
    this.#print(`${node.node} refused: needs ${required}, available ${available}, short by ${shortfall}`);
  }

  #addEnding(step: Exclude<Step, { type: "granted" }>): void {
    const { amountMicros: reservedMicros, settledMicros = 0n } = step.reservation;
    const releasedMicros = settledMicros < reservedMicros ? reservedMicros - settledMicros : 0n;
    this.#count({ reservedMicros, settledMicros, releasedMicros });
    this.#row(step.node.node, {
      amounts: [reservedMicros, settledMicros, releasedMicros],
      balance: step.balance,
      remark: step.type === "failed" ? `failed: ${step.why}` : remarkOf(step),
    });
  }

  #row(
    name: string,
    row: { readonly amounts?: readonly bigint[]; readonly balance: Balance; readonly remark?: string },
  ): void {
    const { subscriptionMicros, promotionalMicros, purchasedMicros, availableMicros } = row.balance;
    const balances = [subscriptionMicros, promotionalMicros, purchasedMicros, availableMicros];
    const amounts = row.amounts?.map(creditsFromMicros) ?? ["", "", ""];
    const cells = [name, ...amounts, ...balances.map(creditsFromMicros), row.remark ?? ""];
    this.#print(tableRow(this.#columns, cells));
  }

  #count(more: Partial<Totals>): void {
    const {
      grantedMicros = 0n,
      reservedMicros = 0n,
      settledMicros = 0n,
      releasedMicros = 0n,
      refusals = 0,
    } = more;
    this.#totals = {
      grantedMicros: this.#totals.grantedMicros + grantedMicros,
      reservedMicros: this.#totals.reservedMicros + reservedMicros,
      settledMicros: this.#totals.settledMicros + settledMicros,
      releasedMicros: this.#totals.releasedMicros + releasedMicros,
      refusals: this.#totals.refusals + refusals,
    };
  }
}

function remarkOf({ type, paid, reservation }: Extract<Step, { type: "settled" | "charged" }>): string {
  const shares = Array.from(paid, ([kind, micros]) =>
    paid.size === 1 ? kind : `${kind} ${creditsFromMicros(micros)}`,
  );
  const debt = reservation.debtMicros > 0n ? [`debt ${creditsFromMicros(reservation.debtMicros)}`] : [];
  return [...shares, ...debt].join(" + ") + (type === "charged" ? " (in one step)" : "");
}
