import { isDeepStrictEqual } from "node:util";
import type { Grant } from "../../../gen/pleyor/credits/v1/grant_pb.ts";
import type { Reservation } from "../../../gen/pleyor/credits/v1/reservation_pb.ts";
import { type Refusal, refusalOf } from "../../../src/client/client.ts";
import {
  type Command,
  isSubscriptionCommand,
  opensOrganization,
} from "../../../src/domain/ledger/command.ts";
import { toProtoTimestamp } from "../../../src/rpc/convert-time.ts";
import { Difference } from "../difference.ts";
import { moved } from "../landmark.ts";
import { NaiveLedger } from "../naive-ledger.ts";
import type { Offer } from "../offer.ts";
import type { Random } from "../random.ts";
import { compareTold } from "../remedy-difference.ts";
import type { Script, Step } from "../step.ts";
import { type Names, turnOf } from "../turn.ts";
import { callFor, type Response } from "./command-call.ts";
import {
  compareBalance,
  compareGrants,
  compareReservations,
  compareSubscription,
  micros,
  same,
} from "./service-difference.ts";
import type { Caller, ServicePair } from "./service-pair.ts";

const COMPARE_ALL_EVERY = 50;
/** So many of a hundred requests are sent to both servers at once. */
const TWICE_PERCENT = 15;
const PAGE = 1_000;

type Sent = Readonly<{ outcome: string; response?: Response; refusal?: Refusal | undefined }>;
type Request = Readonly<{ requestId: string; command: Command }>;
type Answered = Request & Readonly<{ response: Response }>;

/** One organization's life on the service and in the naive model. Throws a Difference where they part. */
export class ServiceEpisode {
  readonly naive = new NaiveLedger();
  readonly #pair: ServicePair;
  readonly #caller: Caller;
  readonly #organizationId: string;
  readonly #random: Random;
  readonly #reservationIds: string[] = [];
  readonly #grantIds = new Map<string, string>();
  #clock: number;
  #steps = 0;
  #last: Answered | undefined;
  /** What was accepted under references of a payment system's own. */
  readonly #callbacks: Answered[] = [];

  constructor(pair: ServicePair, { start, offer, name, random }: Life) {
    this.#pair = pair;
    this.#caller = pair.caller();
    this.#organizationId = name;
    this.#random = random;
    this.#clock = start;
    this.naive.offers.push({ from: 0, offer });
  }

  async play({ steps }: Script): Promise<void> {
    try {
      await this.#setClock();
      for (const step of steps) await this.#step(step);
      await this.#compareAll();
    } finally {
      this.#caller.close();
    }
  }

  get steps(): number {
    return this.#steps;
  }

  async #step(step: Step): Promise<void> {
    this.#steps += 1;
    const clock = moved(this.#clock, step, this.naive);
    if (clock !== this.#clock) {
      this.#clock = clock;
      await this.#setClock();
    }
    this.naive.pass(this.#clock);
    // What publishes in the pure simulator is one catalogue for all here; some of these steps end a server instead.
    if (step.do === "publish" && step.offer === 0 && this.#random.percent(50))
      void this.#pair.restart(this.#random.below(2));
    if (step.do === "repeat") await this.#repeat(step.changed);
    if (step.do === "late") await this.#late(step.callback);
    await this.#command(step);
    await this.#compare();
    if (this.#steps % COMPARE_ALL_EVERY === 0) await this.#compareAll();
  }

  async #command(step: Step): Promise<void> {
    if (step.do === "void") await this.#learnGrants();
    const requestId = uuidOf(this.#random);
    const turn = turnOf(this.#names, this.naive, step, requestId);
    if (!turn || extendsNothing(turn.command)) return;
    const { command } = turn;
    const opened = this.naive.version > 0 || opensOrganization(command);
    const sent = await this.#send({ requestId, command });
    const expected = opened ? turn.naive() : "ORGANIZATION_NOT_FOUND";
    same(`outcome of ${step.do}`, sent.outcome, expected);
    this.#compareRefusal(sent);
    if (!sent.response || sent.outcome !== "accepted") return;
    this.#last = { requestId, command, response: sent.response };
    if (isSubscriptionCommand(command) && command.reference !== undefined) this.#callbacks.push(this.#last);
    this.#number(command, sent.response);
  }

  /** To one server, or to both at once: then one has the effect, and both give the same answer. */
  async #send(request: Request): Promise<Sent> {
    this.#caller.retried();
    const first = this.#random.below(2);
    const twice = this.#random.percent(TWICE_PERCENT);
    const sent = await Promise.all(
      (twice ? [first, 1 - first] : [first]).map((n) => this.#sendTo(n, request)),
    );
    const [one, other = one] = sent;
    if (!one || !other) throw new Error("nothing was sent");
    const retried = this.#caller.retried();
    if (one.outcome === other.outcome) {
      if (twice && one.outcome === "accepted") throw new Difference("two servers accepted one request");
      // A reply that was lost is the first answer again (R-REQ-4).
      const repeated = retried && one.response && !isNothing(one.response, this.naive.version);
      return repeated ? { ...one, outcome: "accepted" } : one;
    }
    if (one.outcome === "accepted") return one;
    if (other.outcome === "accepted") return other;
    throw new Difference(`two servers answered one request by ${one.outcome} and ${other.outcome}`);
  }

  async #sendTo(server: number, { requestId, command }: Request): Promise<Sent> {
    const client = this.#caller.clients[server === 0 ? 0 : 1];
    try {
      const response = await callFor(client, { organizationId: this.#organizationId, requestId }, command);
      return { outcome: response.replayed ? "unchanged" : "accepted", response };
    } catch (error) {
      const refusal = refusalOf(error);
      if (!refusal) throw error;
      const passed = refusal.reason === "INVALID_REQUEST" && refusal.metadata.field === "expire_time";
      return { outcome: passed ? "EXPIRE_TIME_PASSED" : refusal.reason, refusal };
    }
  }

  /** R-REQ-1, R-REQ-2: the last accepted request again, or another one with its id. */
  async #repeat(changed: boolean): Promise<void> {
    const last = this.#last;
    if (!last) return;
    const { requestId } = last;
    const other: Command = { kind: "chargeCredits", amountMicros: 987_654n, context: {}, allowDebt: true };
    const sent = await this.#sendTo(this.#random.below(2), {
      requestId,
      command: changed ? other : last.command,
    });
    same("outcome of a repetition", sent.outcome, changed ? "REQUEST_ID_REUSED" : "unchanged");
    compareAnswers(last, sent.response);
  }

  /** R-GRANT-4: an old callback under a new request id, whatever happened since. */
  async #late(number: number): Promise<void> {
    const callback = this.#callbacks[number % Math.max(this.#callbacks.length, 1)];
    if (!callback) return;
    const { command } = callback;
    const sent = await this.#sendTo(this.#random.below(2), { requestId: uuidOf(this.#random), command });
    same("outcome of a late callback", sent.outcome, "unchanged");
    compareAnswers(callback, sent.response);
  }

  #compareRefusal({ refusal }: Sent): void {
    const told = refusal?.insufficientCredits;
    if (!told) return;
    same("available", Number(told.availableMicros), this.naive.available);
    const { topUpPack, plan, nextRefreshTime } = told;
    compareTold(this.naive, Number(told.shortfallMicros), {
      packId: topUpPack?.packId,
      planId: plan?.planId,
      nextRefresh: nextRefreshTime && micros(nextRefreshTime),
    });
  }

  async #compare(): Promise<void> {
    if (this.naive.version === 0) return;
    const organizationId = this.#organizationId;
    const { credits, subscriptions } = this.#caller.clients[this.#random.below(2) === 0 ? 0 : 1];
    const { balance } = await credits.getBalance({ organizationId });
    if (!balance) throw new Difference("no balance");
    compareBalance(balance, this.naive);
    const { subscription } = this.naive.subscription
      ? await subscriptions.getSubscription({ organizationId })
      : {};
    compareSubscription(subscription, this.naive);
  }

  async #compareAll(): Promise<void> {
    if (this.naive.version === 0) return;
    compareGrants(await this.#learnGrants(), this.naive.credits.lots);
    const found = new Map<string, Reservation>();
    const { credits } = this.#caller.clients[0];
    for (let pageToken = "", more = true; more; more = pageToken !== "") {
      const request = { organizationId: this.#organizationId, pageSize: PAGE, pageToken };
      const page = await credits.listReservations(request);
      for (const reservation of page.reservations) found.set(reservation.reservationId, reservation);
      pageToken = page.nextPageToken;
    }
    compareReservations(found, this.#reservationIds, this.naive.reservations);
  }

  async #learnGrants(): Promise<readonly Grant[]> {
    if (this.naive.version === 0) return [];
    const request = { organizationId: this.#organizationId, pageSize: PAGE };
    const { grants } = await this.#caller.clients[1].grants.listGrants(request);
    for (const { reference, grantId } of grants) this.#grantIds.set(reference, grantId);
    return grants;
  }

  get #names(): Names {
    const grantIdOf = (reference: string) => this.#grantIds.get(reference) ?? "";
    return { reservationIds: this.#reservationIds, grantIdOf };
  }

  #number({ kind }: Command, { reservation, reservations = [] }: Response): void {
    if (kind === "reserveCredits" || kind === "chargeCredits")
      this.#reservationIds.push(reservation?.reservationId ?? "");
    if (kind === "batchReserveCredits")
      this.#reservationIds.push(...reservations.map(({ reservationId }) => reservationId));
  }

  async #setClock(): Promise<void> {
    const clockTime = toProtoTimestamp(BigInt(this.#clock));
    await this.#caller.clocks.advanceTestClock({ organizationId: this.#organizationId, clockTime });
  }
}

export type Life = Readonly<{ start: number; offer: Offer; name: string; random: Random }>;

/** The contract refuses that before any rule is looked at. */
function extendsNothing(command: Command): boolean {
  if (command.kind !== "extendReservation") return false;
  return command.timeToLive === undefined && command.additionalAmountMicros === 0n;
}

/** Whether a replay is of something that was there before the request, rather than of its own effect. */
function isNothing({ balance }: Response, versionBefore: number): boolean {
  return Number(balance?.version ?? 0n) <= versionBefore;
}

function compareAnswers({ command, response }: Answered, again: Response | undefined): void {
  if (again && !isDeepStrictEqual(firstAnswer(again), firstAnswer(response)))
    throw new Difference(`${command.kind} again did not give its first answer`);
}

function firstAnswer(response: Response): object {
  const kept = Object.entries(response).filter(
    ([name]) => name !== "replayed" && !name.startsWith("current"),
  );
  return Object.fromEntries(kept);
}

function uuidOf(random: Random): string {
  const hex = Array.from({ length: 32 }, () => random.below(16).toString(16)).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}
