import type { AlertEvent, AlertRequest } from "../../src/stream/alert-stream.ts";
import { watchAlerts } from "../../src/stream/alert-stream.ts";
import { type BalanceEvent, type BalanceRequest, watchBalance } from "../../src/stream/balance-stream.ts";
import { Hub, type HubSettings } from "../../src/stream/hub.ts";
import type { Tell } from "../../src/stream/tell.ts";
import { MemorySource, QUICK_HUB } from "../support/memory-source.ts";
import { pulled } from "../support/pulled.ts";

/** A reader of a stream: what it reads as short lines, and how it leaves. */
export type Reader = Readonly<{ read: () => Promise<string>; leave: () => void; token: () => string }>;

/** A hub over a database in memory, and those who read from it. */
export class StreamRig {
  readonly source = new MemorySource();
  readonly hub: Hub;
  readonly errors: unknown[] = [];
  readonly #left = new AbortController();

  constructor(settings: Partial<HubSettings> = {}) {
    this.hub = new Hub(this.source, {
      ...QUICK_HUB,
      onError: (error) => this.errors.push(error),
      ...settings,
    });
    this.hub.start();
  }

  balance(request: Partial<BalanceRequest> = {}, hub = this.hub): Reader {
    const asked = { organizationId: "acme", resumeToken: "", heartbeatMs: 3_600_000, ...request };
    return this.#reader((signal, tell) => watchBalance(hub, asked, signal, tell), balanceLine);
  }

  alerts(request: Partial<AlertRequest> = {}): Reader {
    const asked = {
      organizationId: "acme",
      resumeToken: "",
      fromOldest: false,
      heartbeatMs: 3_600_000,
      ...request,
    };
    return this.#reader((signal, tell) => watchAlerts(this.hub, asked, signal, tell), alertLine);
  }

  async stop(): Promise<void> {
    this.#left.abort(new Error("the test is over"));
    await this.hub.stop();
  }

  #reader<Event extends { resumeToken: string }>(
    begin: (signal: AbortSignal, tell: Tell<Event>) => Promise<never>,
    lineOf: (event: Event) => string,
  ): Reader {
    const leaving = new AbortController();
    const signal = AbortSignal.any([leaving.signal, this.#left.signal]);
    const events = pulled<Event>((tell) => begin(signal, tell));
    let token = "";
    const read = async (): Promise<string> => {
      const { value, done } = await events.next();
      if (done) return "end";
      token = value.resumeToken;
      return lineOf(value);
    };
    return { read, leave: () => leaving.abort(new Error("left")), token: () => token };
  }
}

function balanceLine(event: BalanceEvent): string {
  switch (event.kind) {
    case "snapshot":
      return `snapshot ${event.state.account.version} ${event.start}`;
    case "changed":
      return `changed ${event.state.account.version}`;
    case "alert":
      return `alert ${event.alert.alertNumber}`;
    case "heartbeat":
      return "heartbeat";
  }
}

function alertLine(event: AlertEvent): string {
  switch (event.kind) {
    case "start":
      return `start ${event.start}`;
    case "alert":
      return `alert ${event.alert.organizationId} ${event.alert.alertNumber}`;
    case "heartbeat":
      return "heartbeat";
  }
}
