export type LotKind = "SUBSCRIPTION" | "PROMOTIONAL" | "PURCHASED";
export type Period = "MONTHLY" | "YEARLY";

/** Where a jump leads: to something that is due, this many microseconds after it. */
export type Landmark = "boundary" | "hold" | "grant";

/** What a payment system calls for, under a reference of its own by its number or under none. */
export type Call = Readonly<{ callback: number | undefined }>;

/**
 * One step of a script. Steps are plain data and name what exists by its number,
 * modulo how many there are: so a script still makes sense when steps are left out.
 */
export type Step =
  | Readonly<{ do: "wait"; micros: number }>
  | Readonly<{ do: "jump"; to: Landmark; offset: number; further: number }>
  | Readonly<{ do: "grant"; kind: LotKind; amount: number; lasting: number | undefined; reference: number }>
  | Readonly<{ do: "purchase"; pack: number | undefined; amount: number; reference: number }>
  | Readonly<{ do: "void"; lot: number; debt: boolean }>
  | Readonly<{ do: "refundPurchase"; reference: number; debt: boolean }>
  | Readonly<{ do: "reserve"; amount: number; lasting: number; run: number }>
  | Readonly<{ do: "batch"; amounts: readonly number[]; lasting: number; run: number }>
  | Readonly<{ do: "extend"; reservation: number; amount: number; lasting: number | undefined }>
  | Readonly<{ do: "settle"; reservation: number; amount: number }>
  | Readonly<{ do: "release"; reservation: number }>
  | Readonly<{ do: "releaseRun"; run: number }>
  | Readonly<{ do: "charge"; amount: number; allowDebt: boolean }>
  | Readonly<{ do: "refund"; reservation: number; amount: number | undefined }>
  | (Call & Readonly<{ do: "subscribe"; plan: number; period: Period; anchor: number | undefined }>)
  | (Call & Readonly<{ do: "change"; plan: number; period: Period; members: number }>)
  | (Call & Readonly<{ do: "withdraw" }>)
  | (Call & Readonly<{ do: "cancel" }>)
  | (Call & Readonly<{ do: "suspend"; voidCycle: boolean }>)
  | (Call & Readonly<{ do: "resume" }>)
  | Readonly<{ do: "publish"; offer: number }>
  | Readonly<{ do: "repeat"; changed: boolean }>
  /** An old callback comes once more, under a new request id. */
  | Readonly<{ do: "late"; callback: number }>;

/** A script and when it begins, in microseconds since 1970. */
export type Script = Readonly<{ start: number; steps: readonly Step[] }>;
