import { opensOrganization } from "../../src/domain/ledger/command.ts";
import { compareAll, compareTouched, Difference, same } from "./difference.ts";
import { checkInvariants, recompute, verify } from "./invariants.ts";
import { moved } from "./landmark.ts";
import { type Fault, Machine } from "./machine.ts";
import { NaiveLedger } from "./naive-ledger.ts";
import { OFFERS, toCatalogue } from "./offer.ts";
import { Previews, tellBefore } from "./preview-difference.ts";
import { compareRemedy } from "./remedy-difference.ts";
import type { Script, Step } from "./step.ts";
import { type Turn, turnOf } from "./turn.ts";

const RECOMPUTE_EVERY = 100;
/** The verification that operators run is slow; the longest lives are enough for it. */
const VERIFY_FROM = 1_000;

/** One organization's life, in both models at once. Throws a Difference where they part. */
export class Episode {
  readonly machine: Machine;
  readonly naive = new NaiveLedger();
  /** How many commands came to what. */
  readonly outcomes = new Map<string, number>();
  readonly #previews = new Previews();
  #clock: number;
  #steps = 0;

  constructor({ start }: Script, fault?: Fault) {
    this.machine = new Machine(fault);
    this.#clock = start;
    this.#publish(0);
  }

  /** Plays a whole script; returns how many steps were played. */
  static play(script: Script, fault?: Fault): Episode {
    const episode = new Episode(script, fault);
    for (const step of script.steps) episode.step(step);
    episode.finish();
    return episode;
  }

  step(step: Step): void {
    this.#steps += 1;
    this.#clock = moved(this.#clock, step, this.naive);
    const clock = BigInt(this.#clock);
    this.naive.pass(this.#clock);
    this.machine.read(clock);
    this.#check();
    if (step.do === "publish") this.#publish(step.offer);
    if (step.do === "repeat") this.#repeat(step.changed);
    if (step.do === "late") this.#late(step.callback);
    const turn = turnOf(this.machine, this.naive, step, `r${this.#steps}`);
    if (turn) this.#take(turn, `${step.do}`);
    if (this.#steps % RECOMPUTE_EVERY === 0) this.#recompute();
  }

  finish(): void {
    this.#recompute();
    if (this.#previews.compared > 0) this.outcomes.set("previews compared", this.#previews.compared);
    if (this.#steps >= VERIFY_FROM) verify(this.machine);
  }

  #take({ command, naive }: Turn, name: string): void {
    const clock = BigInt(this.#clock);
    const told = tellBefore(this.machine, command, clock);
    const answer = this.machine.apply(command, `r${this.#steps}`, clock);
    const opened = this.naive.version > 0 || opensOrganization(command);
    const expected = opened ? naive() : "ORGANIZATION_NOT_FOUND";
    same(`outcome of ${name}`, answer.outcome, expected);
    this.#count(`${name} ${expected}`);
    if (answer.refusal) compareRemedy(this.machine, this.naive, answer.refusal, clock);
    if (expected !== "accepted") return;
    this.#check();
    this.#previews.made(told);
  }

  #count(counted: string): void {
    this.outcomes.set(counted, (this.outcomes.get(counted) ?? 0) + 1);
  }

  #check(): void {
    compareTouched(this.machine, this.naive);
    this.#previews.compare(this.machine);
    checkInvariants(this.machine, this.machine.now(BigInt(this.#clock)));
    this.machine.touched = [];
  }

  #recompute(): void {
    compareAll(this.machine, this.naive);
    recompute(this.machine);
  }

  #publish(offer: number): void {
    const from = Math.max(this.#clock, this.naive.updated);
    const published = OFFERS[offer];
    if (!published) throw new Error(`there is no offer ${offer}`);
    this.naive.offers.push({ from, offer: published });
    const { catalogues } = this.machine;
    catalogues.push(toCatalogue(published, catalogues.length + 1, BigInt(from)));
  }

  /** R-REQ-1, R-REQ-2: the last accepted request again, or another one with its id. */
  #repeat(changed: boolean): void {
    const { lastRequest } = this.machine;
    if (!lastRequest) return;
    const request = changed ? { ...lastRequest, fingerprint: "other" } : lastRequest;
    const { outcome } = this.machine.send(request, BigInt(this.#clock));
    same("outcome of a repetition", outcome, changed ? "REQUEST_ID_REUSED" : "unchanged");
    this.#check();
  }

  /** R-GRANT-4: an old callback under a new request id, whatever happened since; it must find its own change. */
  #late(number: number): void {
    const { callbacks } = this.machine;
    const [request, version] = callbacks[number % Math.max(callbacks.length, 1)] ?? [];
    if (!request) return;
    const again = { ...request, requestId: `late${this.#steps}` };
    const { outcome, versions } = this.machine.send(again, BigInt(this.#clock));
    same("outcome of a late callback", outcome, "unchanged");
    same("what a late callback finds", versions.join(), `${version}`);
    this.#count(`late ${request.command.kind}`);
    this.#check();
  }
}

/** Why a script fails; undefined where it does not. */
export function failureOf(script: Script, fault?: Fault): Error | undefined {
  try {
    Episode.play(script, fault);
    return undefined;
  } catch (error) {
    if (error instanceof Difference || error instanceof Error) return error;
    throw error;
  }
}
