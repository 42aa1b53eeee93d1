import { setTimeout } from "node:timers/promises";
import { type Timestamp, timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Balance } from "../gen/pleyor/credits/v1/balance_pb.ts";
import { GrantKind } from "../gen/pleyor/credits/v1/grant_pb.ts";
import type { Reservation } from "../gen/pleyor/credits/v1/reservation_pb.ts";
import { type CreditClient, refusalOf } from "../src/client/client.ts";
import type { GrantKindName, Run, RunNode } from "./run-file.ts";

export interface PlayOptions {
  readonly organizationId: string;
  readonly runId: string;
  readonly signal: AbortSignal;
}

/** One thing that happened, and the balance after it. Amounts are in microcredits. */
export type Step = { readonly balance: Balance } & (
  | { readonly type: "granted"; readonly kind: GrantKindName; readonly amountMicros: bigint }
  | {
      readonly type: "settled";
      readonly node: RunNode;
      readonly paid: Paid;
      readonly reservation: Reservation;
    }
  | {
      readonly type: "charged";
      readonly node: RunNode;
      readonly paid: Paid;
      readonly reservation: Reservation;
    }
  | {
      readonly type: "failed";
      readonly node: RunNode;
      readonly why: string;
      readonly reservation: Reservation;
    }
);

/** A node that was not let through, and whether a top-up gives it a second chance. */
export interface Refused {
  readonly type: "refused";
  readonly node: RunNode;
  readonly requiredMicros: bigint;
  readonly availableMicros: bigint;
  readonly shortfallMicros: bigint;
}

/** How much of a charge each kind of credits paid. */
export type Paid = ReadonlyMap<GrantKindName, bigint>;

const DAY_MS = 86_400_000;

const PROTO_KINDS = {
  subscription: GrantKind.SUBSCRIPTION,
  promotional: GrantKind.PROMOTIONAL,
  purchased: GrantKind.PURCHASED,
} as const satisfies Record<GrantKindName, GrantKind>;

/**
 * Plays a run as an agent would: reserve the estimate, work, then settle what it cost or release. A node that is
 * refused for lack of credits is tried once more after a top-up, and left out if that was not enough.
 */
export class Player {
  readonly #client: CreditClient;
  readonly #run: Run;
  readonly #options: PlayOptions;
  readonly #kindOfGrant = new Map<string, GrantKindName>();

  constructor(client: CreditClient, run: Run, options: PlayOptions) {
    this.#client = client;
    this.#run = run;
    this.#options = options;
  }

  async *play(): AsyncGenerator<Step | Refused> {
    let isOver = false;
    try {
      for (const [index, { kind, amountMicros, expiresInDays }] of this.#run.grants.entries()) {
        const expireTime = expiresInDays && timestampFromMs(Date.now() + expiresInDays * DAY_MS);
        yield await this.#grant(kind, amountMicros, {
          reference: `start:${index}`,
          ...(expireTime && { expireTime }),
        });
      }
      for (const node of this.#run.nodes) {
        yield* this.#playNode(node);
      }
      isOver = true;
    } finally {
      if (!isOver) {
        await this.#releaseEverything();
      }
    }
  }

  async #grant(
    kind: GrantKindName,
    amountMicros: bigint,
    how: { readonly reference: string; readonly expireTime?: Timestamp },
  ): Promise<Step> {
    const { organizationId, signal } = this.#options;
    const request = { organizationId, kind: PROTO_KINDS[kind], amountMicros, ...how };
    const { grant, balance } = await this.#client.grants.createGrant(request, { signal });
    this.#kindOfGrant.set(present(grant).grantId, kind);
    return { type: "granted", kind, amountMicros, balance: present(balance) };
  }

  async *#playNode(node: RunNode): AsyncGenerator<Step | Refused> {
    const first = await this.#attempt(node);
    yield first;
    const { topUpMicros } = this.#run;
    if (first.type === "refused" && topUpMicros !== undefined) {
      yield await this.#grant("purchased", topUpMicros, { reference: `top-up:${node.node}` });
      yield await this.#attempt(node);
    }
  }

  async #attempt(node: RunNode): Promise<Step | Refused> {
    try {
      return await (node.outcome.type === "charge" ? this.#charge(node) : this.#reserveAndWork(node));
    } catch (error) {
      const missing = refusalOf(error)?.insufficientCredits;
      if (missing === undefined) {
        throw error;
      }
      const { requiredMicros, availableMicros, shortfallMicros } = missing;
      return { type: "refused", node, requiredMicros, availableMicros, shortfallMicros };
    }
  }

  async #charge(node: RunNode): Promise<Step> {
    const { signal } = this.#options;
    const answer = await this.#client.credits.chargeCredits(
      { ...this.#spending(node), cost: { case: "amountMicros", value: costOf(node) } },
      { signal },
    );
    await setTimeout(node.durationMs, undefined, { signal });
    return this.#paidStep("charged", node, answer);
  }

  async #reserveAndWork(node: RunNode): Promise<Step> {
    const { organizationId, signal } = this.#options;
    const { credits } = this.#client;
    const reserved = await credits.reserveCredits(
      { ...this.#spending(node), cost: { case: "amountMicros", value: node.estimateMicros } },
      { signal },
    );
    const { reservationId } = present(reserved.reservation);
    await setTimeout(node.durationMs, undefined, { signal });
    const ending = { organizationId, reservationId };
    if (node.outcome.type === "fail") {
      const released = await credits.releaseReservation(ending, { signal });
      const reservation = present(released.reservation);
      return { type: "failed", node, why: node.outcome.why, reservation, balance: present(released.balance) };
    }
    const cost = { case: "amountMicros", value: costOf(node) } as const;
    return this.#paidStep("settled", node, await credits.settleReservation({ ...ending, cost }, { signal }));
  }

  #paidStep(
    type: "settled" | "charged",
    node: RunNode,
    answer: { readonly reservation?: Reservation | undefined; readonly balance?: Balance | undefined },
  ): Step {
    const reservation = present(answer.reservation);
    return { type, node, reservation, balance: present(answer.balance), paid: this.#paidBy(reservation) };
  }

  #paidBy(reservation: Reservation): Paid {
    const paid = new Map<GrantKindName, bigint>();
    for (const { grantId, amountMicros } of reservation.payments) {
      const kind = present(this.#kindOfGrant.get(grantId));
      paid.set(kind, (paid.get(kind) ?? 0n) + amountMicros);
    }
    return paid;
  }

  #spending(node: RunNode) {
    const { organizationId, runId } = this.#options;
    const { agent, workspace, member } = this.#run;
    const context = {
      runId,
      nodeId: node.node,
      agentId: agent,
      workspaceId: workspace,
      memberId: member,
      modelId: node.model,
      labels: node.settings,
    };
    return { organizationId, context };
  }

  /** What an agent owes whoever interrupts it. Holds that can't be returned now expire by themselves. */
  async #releaseEverything(): Promise<void> {
    const { organizationId, runId } = this.#options;
    await this.#client.credits.releaseRun({ organizationId, runId }, { timeoutMs: 2_000 }).catch(() => {});
  }
}

function costOf({ outcome, estimateMicros }: RunNode): bigint {
  return outcome.type === "fail" ? estimateMicros : outcome.costMicros;
}

/** Messages are optional fields in Protobuf, but the service always sends these. */
function present<Value>(value: Value | undefined): Value {
  if (value === undefined) {
    throw new Error("The service's answer lacks a part that it always has");
  }
  return value;
}
