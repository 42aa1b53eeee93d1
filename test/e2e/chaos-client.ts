import { randomUUID } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import { GrantKind } from "../../gen/pleyor/credits/v1/grant_pb.ts";
import { type CreditClient, refusalOf } from "../../src/client/client.ts";

/** What one request came to, for the books that are compared with the ledger afterwards. */
export type Booked = Readonly<{ organizationId: string; requestId: string; accepted: boolean }>;

type Held = Readonly<{ organizationId: string; reservationId: string; amountMicros: bigint }>;
type Send = () => Promise<unknown>;

/** Refusals that the script provokes; any other is a failure. */
const EXPECTED = new Set([
  "INSUFFICIENT_CREDITS",
  "RESERVATION_SETTLED",
  "RESERVATION_RELEASED",
  "RESERVATION_NOT_FOUND",
  "REQUEST_ID_REUSED",
]);

/**
 * A caller that reserves, settles, releases, charges and grants at random, sends
 * requests twice, reuses ids, cancels calls in flight, and repeats until it has an answer.
 */
export class ChaosClient {
  readonly booked: Booked[] = [];
  readonly #client: CreditClient;
  readonly #organizations: readonly string[];
  readonly #random: () => number;
  readonly #held: Held[] = [];
  /** Second copies of requests that may still be in flight. */
  readonly #copies: Promise<unknown>[] = [];

  constructor(client: CreditClient, organizations: readonly string[], random: () => number) {
    this.#client = client;
    this.#organizations = organizations;
    this.#random = random;
  }

  async run(operations: number): Promise<void> {
    for (let operation = 0; operation < operations; operation += 1) await this.#operate();
    await Promise.all(this.#copies.splice(0));
  }

  #operate(): Promise<void> {
    const dice = this.#random();
    if (dice < 0.45 || this.#held.length === 0) return this.#reserve();
    if (dice < 0.8) return this.#end("settle");
    if (dice < 0.92) return this.#end("release");
    if (dice < 0.98) return this.#charge();
    return this.#grant();
  }

  async #reserve(): Promise<void> {
    const organizationId = this.#organization();
    const amountMicros = this.#amount();
    const request = (requestId: string, value: bigint) => ({
      organizationId,
      requestId,
      cost: { case: "amountMicros" as const, value },
      context: { runId: `run-${amountMicros % 7n}` },
    });
    const requestId = randomUUID();
    const send = () => this.#client.credits.reserveCredits(request(requestId, amountMicros));
    const answer = await this.#book(organizationId, requestId, send, (signal) =>
      this.#client.credits.reserveCredits(request(requestId, amountMicros), { signal }),
    );
    if (!answer) return;
    const reservationId = answer.reservation?.reservationId ?? "";
    this.#held.push({ organizationId, reservationId, amountMicros });
    if (this.#random() < 0.05) {
      await this.#expectRefusal(() =>
        this.#client.credits.reserveCredits(request(requestId, amountMicros + 1n)),
      );
    }
  }

  async #end(how: "settle" | "release"): Promise<void> {
    const [held] = this.#held.splice(Math.floor(this.#random() * this.#held.length), 1);
    if (!held) return;
    const { organizationId, reservationId } = held;
    const requestId = randomUUID();
    const value = (held.amountMicros * BigInt(Math.floor(this.#random() * 150))) / 100n;
    const send = (signal?: AbortSignal) => {
      const options = signal ? { signal } : {};
      const base = { organizationId, reservationId, requestId };
      if (how === "release") return this.#client.credits.releaseReservation(base, options);
      return this.#client.credits.settleReservation(
        { ...base, cost: { case: "amountMicros", value } },
        options,
      );
    };
    await this.#book<unknown>(organizationId, requestId, () => send(), send);
    if (how === "settle" && this.#random() < 0.1) {
      const other = { organizationId, reservationId, requestId: randomUUID() };
      await this.#expectRefusal(() => this.#client.credits.releaseReservation(other));
    }
  }

  async #charge(): Promise<void> {
    const organizationId = this.#organization();
    const requestId = randomUUID();
    const cost = { case: "amountMicros" as const, value: this.#amount() };
    const send = (signal?: AbortSignal) =>
      this.#client.credits.chargeCredits({ organizationId, requestId, cost }, signal ? { signal } : {});
    await this.#book(organizationId, requestId, () => send(), send);
  }

  async #grant(): Promise<void> {
    const organizationId = this.#organization();
    const requestId = randomUUID();
    const grant = {
      organizationId,
      requestId,
      kind: GrantKind.PURCHASED,
      amountMicros: 50_000n,
      reference: `payment:${requestId}`,
    };
    const send = (signal?: AbortSignal) => this.#client.grants.createGrant(grant, signal ? { signal } : {});
    await this.#book(organizationId, requestId, () => send(), send);
  }

  /** Sends a request until it is answered; sometimes twice at once, sometimes cancelled and sent again. */
  async #book<T>(
    organizationId: string,
    requestId: string,
    send: () => Promise<T>,
    sendCancelled: (signal: AbortSignal) => Promise<T>,
  ): Promise<T | undefined> {
    const dice = this.#random();
    if (dice < 0.1) this.#copies.push(this.#untilAnswered(send));
    else if (dice < 0.2) await this.#cancelled(sendCancelled);
    const answer = await this.#untilAnswered(send);
    this.booked.push({ organizationId, requestId, accepted: answer !== undefined });
    return answer;
  }

  async #cancelled(send: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    const abort = new AbortController();
    const call = send(abort.signal).catch(() => undefined);
    setImmediate(() => abort.abort());
    await call;
  }

  async #untilAnswered<T>(send: () => Promise<T>): Promise<T | undefined> {
    for (;;) {
      try {
        return await send();
      } catch (error) {
        const reason = refusalOf(error)?.reason;
        if (reason !== undefined && EXPECTED.has(reason)) return undefined;
        if (!isTemporary(error)) throw error;
      }
    }
  }

  async #expectRefusal(send: Send): Promise<void> {
    const answer = await this.#untilAnswered(send);
    if (answer !== undefined) throw new Error("a conflicting request was accepted");
  }

  #organization(): string {
    return this.#organizations[Math.floor(this.#random() * this.#organizations.length)] ?? "";
  }

  #amount(): bigint {
    return BigInt(Math.floor(this.#random() * 1_000));
  }
}

function isTemporary(error: unknown): boolean {
  const { code } = ConnectError.from(error);
  return [Code.Unavailable, Code.DeadlineExceeded, Code.ResourceExhausted, Code.Canceled].includes(code);
}
