import type { Alert } from "../domain/alerts/alert.ts";
import type { Time } from "../domain/time.ts";
import { type AlertLine, alertLine } from "./alert-line.ts";
import type { Hub } from "./hub.ts";
import { fromAlertToken, toAlertToken } from "./resume-token.ts";
import { StreamEnd } from "./stream-end.ts";
import { type StreamStart, startAfter } from "./stream-start.ts";
import type { Tell } from "./tell.ts";

export type AlertEvent = Readonly<{ resumeToken: string }> &
  (
    | Readonly<{ kind: "start"; start: StreamStart }>
    | Readonly<{ kind: "alert"; alert: Alert }>
    | Readonly<{ kind: "heartbeat"; compareTime: Time }>
  );

export type AlertRequest = Readonly<{
  /** Empty: all of them. */
  organizationId: string;
  resumeToken: string;
  /** Without a token: from the oldest alert that is kept on. */
  fromOldest: boolean;
  heartbeatMs: number;
}>;

/**
 * R-WATCH-3: alerts in order and at least once, from a place that a token names on.
 * Throws ResumeTokenError and NotOpenError before the first message, and StreamEnd at the end.
 */
export async function watchAlerts(
  hub: Hub,
  request: AlertRequest,
  signal: AbortSignal,
  tell: Tell<AlertEvent>,
): Promise<never> {
  const { organizationId, heartbeatMs } = request;
  const stream = new AlertStream(request, await hub.source.databaseId());
  const line = alertLine(hub, organizationId, { place: () => stream.place, heartbeatMs, signal });
  try {
    const newest = await line.newest();
    await tell(await stream.begin(line, newest));
    await stream.catchUp(line, newest, tell);
    for (;;) {
      const wake = await line.next();
      if (wake.kind === "quiet") await tell(stream.heartbeat(wake.compareTime));
      else await stream.catchUp(line, wake.newest, tell);
    }
  } catch (error) {
    throw error instanceof StreamEnd ? error.at(stream.resumeToken) : error;
  } finally {
    line.close();
  }
}

/** How far one reader was told. */
class AlertStream {
  readonly #request: AlertRequest;
  readonly #databaseId: string;
  readonly #token: ReturnType<typeof fromAlertToken> | undefined;
  #begun = false;
  #place = 0n;

  constructor(request: AlertRequest, databaseId: string) {
    const { organizationId, resumeToken } = request;
    this.#request = request;
    this.#databaseId = databaseId;
    this.#token = resumeToken === "" ? undefined : fromAlertToken(organizationId, resumeToken);
  }

  get place(): bigint {
    return this.#place;
  }

  /** Before the first message, the one that was brought. */
  get resumeToken(): string {
    const { organizationId, resumeToken } = this.#request;
    if (!this.#begun) return resumeToken;
    return toAlertToken(organizationId, { databaseId: this.#databaseId, after: this.#place });
  }

  async begin({ oldest }: AlertLine, newest: bigint): Promise<AlertEvent> {
    const start = await startAfter(this.#token, { databaseId: this.#databaseId, newest, oldest });
    if (start === "RESUMED") this.#place = this.#token?.after ?? 0n;
    else if (start === "FRESH" && !this.#request.fromOldest) this.#place = newest;
    this.#begun = true;
    return { kind: "start", start, resumeToken: this.resumeToken };
  }

  async catchUp(line: AlertLine, newest: bigint, tell: Tell<AlertEvent>): Promise<void> {
    while (this.#place < newest) {
      const page = await line.after(this.#place);
      for (const { alert, place } of page) {
        this.#place = place;
        await tell({ kind: "alert", alert, resumeToken: this.resumeToken });
      }
      // Only where they are no longer kept.
      if (page.length === 0) this.#place = newest;
    }
  }

  heartbeat(compareTime: Time): AlertEvent {
    return { kind: "heartbeat", compareTime, resumeToken: this.resumeToken };
  }
}
