import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import type { Alert } from "../../gen/pleyor/credits/v1/alert_pb.ts";
import type { WatchAlertsResponse } from "../../gen/pleyor/credits/v1/alert_service_pb.ts";
import type { WatchBalanceResponse } from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { GrantKind } from "../../gen/pleyor/credits/v1/grant_pb.ts";
import type { CreditClient } from "../../src/client/client.ts";
import { refusalOf } from "../../src/client/refusal.ts";
import { until } from "../service/support/until.ts";
import { framed } from "../support/grpc-frame.ts";
import { type Door, Services } from "../support/services.ts";

const DOORS: readonly Door[] = ["grpc", "connect over HTTP/2", "connect over HTTP/1.1"];
const LEVEL = 50n;
/** By their numbers. */
const START_NAMES = ["", "FRESH", "RESUMED", "OTHER_DATABASE", "TOKEN_EXPIRED"];

describe("watching, on two servers", () => {
  let services: Services;
  let leaving: AbortController;
  let organizations = 0;
  let organizationId: string;

  before(async () => {
    services = await Services.start(2);
  });
  after(() => services.stop());

  beforeEach(async () => {
    leaving = new AbortController();
    organizations += 1;
    organizationId = `organization-${organizations}`;
    const client = services.client(0);
    await grant(client, 100n);
    const level = { case: "amountMicros", value: LEVEL } as const;
    await client.alerts.setAlertThresholds({ organizationId, thresholds: [{ name: "low", level }] });
  });
  afterEach(() => leaving.abort());

  async function grant(client: CreditClient, amountMicros: bigint): Promise<void> {
    const reference = `test:${Math.random()}`;
    await client.grants.createGrant({ organizationId, kind: GrantKind.PURCHASED, amountMicros, reference });
  }

  async function charge(client: CreditClient, amountMicros: bigint): Promise<void> {
    const cost = { case: "amountMicros", value: amountMicros } as const;
    await client.credits.chargeCredits({ organizationId, cost, allowDebt: true });
  }

  /** Falls below the threshold and comes back above: two alerts. */
  async function flap(client: CreditClient): Promise<void> {
    await charge(client, 60n);
    await grant(client, 60n);
  }

  type Events<Response> = Readonly<{ next: () => Promise<Response>; lines: () => Promise<string> }>;

  function reader<Response>(
    events: AsyncGenerator<Response>,
    lineOf: (r: Response) => string,
  ): Events<Response> {
    const next = async (): Promise<Response> => {
      const { value, done } = await events.next();
      if (done) throw new Error("the stream has ended");
      return value;
    };
    return { next, lines: async () => lineOf(await next()) };
  }

  function watchBalance(client: CreditClient, resumeToken = "") {
    const options = { signal: leaving.signal };
    return reader(client.watchBalance({ organizationId, resumeToken }, options), balanceLine);
  }

  function watchAlerts(
    client: CreditClient,
    request: { organizationId?: string; resumeToken?: string } = {},
  ) {
    return reader(client.watchAlerts({ organizationId, ...request }, { signal: leaving.signal }), alertLine);
  }

  for (const door of DOORS) {
    it(`R-WATCH-1: a change made through one is seen on the other at once, and a token goes on there (${door})`, async () => {
      const there = services.client(1, door);
      const stream = watchBalance(there);
      expect(await stream.lines()).to.equal("snapshot 2 FRESH");
      await charge(services.client(0), 10n);
      const began = performance.now();
      const changed = await stream.next();
      expect(performance.now() - began, "ms").to.be.below(500);
      expect(balanceLine(changed)).to.equal("changed 3");
      await charge(services.client(1), 60n);
      const resumed = watchBalance(services.client(0, door), changed.resumeToken);
      expect([await resumed.lines(), await resumed.lines()]).to.deep.equal(["changed 4", "LOW 1"]);
    });

    it(`R-WATCH-3: alerts during a disconnect are delivered after it, on another server (${door})`, async () => {
      const first = watchAlerts(services.client(0, door));
      const { resumeToken } = await first.next();
      leaving.abort();
      leaving = new AbortController();
      await flap(services.client(1));
      await flap(services.client(0));
      const resumed = watchAlerts(services.client(1, door), { resumeToken });
      const lines: string[] = [];
      for (let count = 0; count < 5; count += 1) lines.push(await resumed.lines());
      expect(lines).to.deep.equal(["start RESUMED", "LOW 1", "RECOVERED 2", "LOW 3", "RECOVERED 4"]);
    });

    it(`the client goes on by itself where its server is restarted, and misses no alert (${door})`, async () => {
      const client = services.client(1, door);
      const balances = watchBalance(client);
      const alerts = watchAlerts(client);
      const everybody = watchAlerts(client, { organizationId: "" });
      await Promise.all([balances.next(), alerts.next(), everybody.next()]);
      await services.restart(1);
      await flap(services.client(0));
      const told: string[] = [];
      while (!told.includes("RECOVERED 2")) {
        const line = await alerts.lines();
        if (!line.startsWith("start")) told.push(line);
      }
      expect(told).to.deep.equal(["LOW 1", "RECOVERED 2"]);
      await until(async () => (await balances.lines()) === "RECOVERED 2");
      await until(async () => (await everybody.lines()) === "RECOVERED 2");
    });
  }

  it("R-WATCH-2: R-WATCH-3: flapping on both servers makes alerts without gaps, in order, for everybody", async () => {
    const one = watchAlerts(services.client(0));
    const all = watchAlerts(services.client(1), { organizationId: "" });
    await Promise.all([one.next(), all.next()]);
    const flaps = 15;
    for (let count = 0; count < flaps; count += 1) await flap(services.client(count % 2));
    const numbers = async (stream: typeof one) => {
      const found: bigint[] = [];
      while (found.length < 2 * flaps) {
        const alert = alertOf(await stream.next());
        if (alert?.organizationId === organizationId) found.push(alert.alertNumber);
      }
      return found;
    };
    const expected = Array.from({ length: 2 * flaps }, (_, index) => BigInt(index + 1));
    expect(await numbers(one)).to.deep.equal(expected);
    expect(await numbers(all)).to.deep.equal(expected);
  });

  it("R-WATCH-1: changes are seen within two seconds while the connection that listens is cut again and again", async () => {
    const stream = watchBalance(services.client(1));
    await stream.next();
    for (let round = 0; round < 3; round += 1) {
      await services.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pleyor-credits changes'",
      );
      await charge(services.client(0), 1n);
      const began = performance.now();
      expect(await stream.lines()).to.equal(`changed ${round + 3}`);
      expect(performance.now() - began, "ms").to.be.below(2_000);
    }
    // It has come back by itself: hints arrive again.
    await until(async () => {
      await charge(services.client(0), 1n);
      const began = performance.now();
      await stream.next();
      return performance.now() - began < 200;
    });
  });

  it("R-WATCH-1: versions rise and never repeat, and the last one arrives, under changes from both", async () => {
    const seen: bigint[] = [];
    const watching = (async () => {
      for await (const { event } of services
        .client(1)
        .watchBalance({ organizationId }, { signal: leaving.signal })) {
        if (event.case === "snapshot" || event.case === "changed")
          seen.push(event.value.balance?.version ?? 0n);
        if (seen.at(-1) === 202n) return;
      }
    })();
    const callers = [services.client(0), services.client(1)];
    await Promise.all(
      Array.from({ length: 200 }, (_, index) => charge(callers[index % 2] as CreditClient, 1n)),
    );
    await watching;
    expect(seen).to.deep.equal([...new Set(seen)].toSorted((left, right) => (left < right ? -1 : 1)));
  });

  it("refuses what cannot be watched, and does not try again", async () => {
    const error = await watchBalance(services.client(0), "nonsense").next().catch(refusalOf);
    expect(error).to.deep.include({ reason: "INVALID_REQUEST", metadata: { field: "resume_token" } });
  });

  it("R-WATCH-1: a browser's fetch reads a stream by HTTP/1.1, and its leaving is noticed", async () => {
    const body = envelope({ organizationId });
    const response = await fetch(`${services.httpUrl(1)}/pleyor.credits.v1.CreditService/WatchBalance`, {
      method: "POST",
      headers: { "content-type": "application/connect+json", "connect-protocol-version": "1" },
      body,
      signal: leaving.signal,
    });
    const messages = messagesOf(response);
    const first = (await messages.next()).value as { snapshot: { balance: { version: string } } };
    expect(first.snapshot.balance.version).to.equal("2");
    await charge(services.client(0), 1n);
    const second = (await messages.next()).value as { changed: { balance: { availableMicros: string } } };
    expect(second.changed.balance.availableMicros).to.equal("99");
    await delay(0);
  });
});

function balanceLine({ event }: WatchBalanceResponse): string {
  switch (event.case) {
    case "snapshot":
      return `snapshot ${event.value.balance?.version} ${START_NAMES[event.value.start]}`;
    case "changed":
      return `changed ${event.value.balance?.version}`;
    case "lowBalance":
      return alertText(event.value);
    default:
      return String(event.case);
  }
}

function alertLine({ event }: WatchAlertsResponse): string {
  if (event.case === "start") return `start ${START_NAMES[event.value.start]}`;
  return event.case === "alert" ? alertText(event.value) : String(event.case);
}

function alertOf({ event }: WatchAlertsResponse): Alert | undefined {
  return event.case === "alert" ? event.value : undefined;
}

function alertText({ kind, alertNumber }: Alert): string {
  return `${["", "LOW", "RECOVERED"][kind]} ${alertNumber}`;
}

function envelope(message: object): Buffer<ArrayBuffer> {
  return framed(Buffer.from(JSON.stringify(message)));
}

async function* messagesOf({ body }: Response): AsyncGenerator<unknown> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of body ?? []) {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt32BE(1)) {
      const end = 5 + bytes.readUInt32BE(1);
      yield JSON.parse(bytes.subarray(5, end).toString());
      bytes = bytes.subarray(end);
    }
  }
}
