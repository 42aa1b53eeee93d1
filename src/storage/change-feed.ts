import { randomUUID } from "node:crypto";
import type { WatchedState } from "../domain/alerts/watched-state.ts";
import { type ChangeHint, EVERYTHING, fromPayload, toPayloads } from "./change-hint.ts";
import { createSession, type Session } from "./embedded/session.ts";

export type ChangeFeedSettings = Readonly<{
  url: string;
  /** Hears what other servers changed. */
  onHint: (hint: ChangeHint) => void;
  onError: (error: unknown) => void;
}>;

const CHANNEL = "pleyor_credits_changes";
/** `NOTIFY` takes a lock that all commits share: 50 a second cost little, one for each commit two thirds. */
const COALESCE_MS = 20;
const RECONNECT_MS_FIRST = 100;
const RECONNECT_MS_MAX = 5_000;
/** A connection that hangs longer than this is given up. */
const SESSION_TIMEOUT_MS = 5_000;
const PING_MS = 10_000;

/**
 * Hints between servers about what changed, by a connection of its own: never in a
 * transaction that writes, whose commit they would slow down. They may be lost at
 * any time; those who watch look by themselves every now and then.
 */
export class ChangeFeed {
  readonly #settings: ChangeFeedSettings;
  readonly #self = randomUUID();
  #session: Session | undefined;
  #connecting: Promise<void> | undefined;
  #failures = 0;
  #changed = new Map<string, bigint>();
  #sequence: bigint | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ping: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(settings: ChangeFeedSettings) {
    this.#settings = settings;
  }

  start(): void {
    this.#connecting = this.#connect();
    this.#ping = setInterval(() => this.#send("select 1"), PING_MS);
  }

  /** What this server changed is told to the others soon. */
  tell(states: readonly WatchedState[]): void {
    for (const { account } of states) this.#changed.set(account.organizationId, account.version);
    this.#schedule();
  }

  tellSequence(sequence: bigint): void {
    this.#sequence = sequence;
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#retry);
    clearInterval(this.#ping);
    await this.#connecting;
    await this.#session?.end().catch(() => undefined);
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer ??= setTimeout(() => this.#notify(), COALESCE_MS);
  }

  /** While there is no connection, hints are dropped rather than kept: others look by themselves. */
  async #notify(): Promise<void> {
    const organizations = [...this.#changed];
    const payloads = toPayloads(this.#self, { organizations, sequence: this.#sequence, everything: false });
    this.#changed = new Map();
    this.#sequence = undefined;
    await this.#send("select pg_notify($1, p) from unnest($2::text[]) as p", [CHANNEL, payloads]);
    this.#timer = undefined;
    if (this.#changed.size > 0 || this.#sequence !== undefined) this.#schedule();
  }

  async #send(text: string, values: readonly unknown[] = []): Promise<void> {
    const session = this.#session;
    try {
      await session?.query(text, values);
    } catch (error) {
      this.#lost(session, error);
    }
  }

  async #connect(): Promise<void> {
    const session = createSession({
      connectionString: this.#settings.url,
      keepAlive: true,
      connectionTimeoutMillis: SESSION_TIMEOUT_MS,
      query_timeout: SESSION_TIMEOUT_MS,
      application_name: "pleyor-credits changes",
    });
    session.on("notification", ({ payload }) => this.#hear(payload ?? ""));
    session.on("error", (error) => this.#lost(session, error));
    session.on("end", () => this.#lost(session, new Error("the connection for changes has ended")));
    try {
      this.#session = session;
      await session.connect();
      await session.query(`listen ${CHANNEL}`);
      this.#failures = 0;
      // What was told while nobody listened is unknown.
      this.#settings.onHint(EVERYTHING);
    } catch (error) {
      this.#lost(session, error);
    }
  }

  #hear(payload: string): void {
    const hint = fromPayload(this.#self, payload);
    if (hint) this.#settings.onHint(hint);
  }

  /** Connects again, later each time that it fails; only the first sign of a lost connection counts. */
  #lost(session: Session | undefined, error: unknown): void {
    if (session === undefined || session !== this.#session || this.#stopped) return;
    this.#session = undefined;
    session.end().catch(() => undefined);
    this.#settings.onError(error);
    const most = Math.min(RECONNECT_MS_FIRST * 2 ** this.#failures, RECONNECT_MS_MAX);
    this.#failures += 1;
    this.#retry = setTimeout(
      () => {
        this.#connecting = this.#connect();
      },
      most * (0.5 + Math.random() / 2),
    );
  }
}
