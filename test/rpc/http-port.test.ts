import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { createConnection, createServer } from "node:net";
import { expect } from "chai";
import { createDoors } from "../../src/rpc/doors.ts";
import { Telemetry } from "../../src/telemetry/telemetry.ts";
import { memoryWatching } from "../support/memory-source.ts";
import { NO_ADMINISTRATION } from "../support/no-administration.ts";
import { NO_PLANS } from "../support/no-plans.ts";
import { NO_USAGE } from "../support/no-usage.ts";
import { ACCOUNT, ORGANIZATION, ScriptedLedger } from "../support/scripted-ledger.ts";
import { ScriptedPrices } from "../support/scripted-prices.ts";
import { DoorsUnderTest } from "./doors-under-test.ts";

const GET_BALANCE = "/pleyor.credits.v1.CreditService/GetBalance";
const JSON_HEADERS = { "content-type": "application/json" };

describe("the HTTP port", () => {
  let doors: DoorsUnderTest;

  before(async () => {
    doors = await new DoorsUnderTest({ messageBytesMax: 10_000 }).open();
    doors.ledger.always(() => ({ value: ACCOUNT }));
  });
  after(() => doors.close());

  const post = (body: string) =>
    fetch(`${doors.httpUrl}${GET_BALANCE}`, { method: "POST", headers: JSON_HEADERS, body });

  it("answers JSON by HTTP/1.1, in both spellings of a field, with amounts as strings", async () => {
    for (const name of ["organization_id", "organizationId"]) {
      const answer = await post(JSON.stringify({ [name]: ORGANIZATION }));
      expect(answer.status).to.equal(200);
      expect(await answer.json()).to.deep.nested.include({ "balance.availableMicros": "1000300" });
    }
  });

  it("answers HTTP/2 on the same port, also if its first bytes come one by one", async () => {
    const socket = createConnection({ port: Number(doors.httpAddress.split(":")[1]), host: "127.0.0.1" });
    await once(socket, "connect");
    const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for (const byte of preface) await new Promise((resolve) => socket.write(byte, resolve));
    // A SETTINGS frame without settings; the server answers with its own, whose type is 4.
    socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
    const [frame] = (await once(socket, "data")) as [Buffer];
    expect(frame[3]).to.equal(4);
    socket.destroy();

    const session = connectHttp2(doors.httpUrl);
    const stream = session.request({ ":method": "GET", ":path": "/healthz" });
    const [headers] = await once(stream, "response");
    expect(headers).to.include({ ":status": 200 });
    session.destroy();
  });

  it("survives connections that end, or break, before they have said what they are", async () => {
    for (const first of ["", "P", "PRI * HTTP/2.0\r\n"]) {
      const socket = createConnection({ port: Number(doors.httpAddress.split(":")[1]), host: "127.0.0.1" });
      await once(socket, "connect");
      if (first) socket.write(first);
      socket.resetAndDestroy();
    }
    expect((await post(JSON.stringify({ organizationId: ORGANIZATION }))).status).to.equal(200);
  });

  const unreadable = [
    ["a field that does not exist", `{"organization":"acme"}`],
    ["a value of another type", `{"organization_id":7}`],
    ["an unknown time", `{"organization_id":"acme","read_time":"yesterday"}`],
    ["no JSON at all", "{"],
  ] as const;
  for (const [what, body] of unreadable) {
    it(`refuses ${what} with the details of every other bad request`, async () => {
      const answer = await post(body);
      expect(answer.status).to.equal(400);
      const error = (await answer.json()) as { code: string; details: { type: string; debug: object }[] };
      expect(error.code).to.equal("invalid_argument");
      expect(error.details.map(({ type }) => type)).to.deep.equal([
        "google.rpc.ErrorInfo",
        "buf.validate.Violations",
      ]);
      expect(error.details[0]?.debug).to.deep.include({ reason: "INVALID_REQUEST" });
    });
  }

  it("tells who sends no content type of ours, as curl by default, which to send", async () => {
    const body = JSON.stringify({ organizationId: ORGANIZATION });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const answer = await fetch(`${doors.httpUrl}${GET_BALANCE}`, { method: "POST", headers, body });
    expect(answer.status).to.equal(415);
    const error = (await answer.json()) as { message: string; details: { debug: object }[] };
    expect(error.message).to.include("send application/json");
    expect(error.details[0]?.debug).to.deep.include({ reason: "INVALID_REQUEST" });
  });

  it("shows whether it serves, and its metrics, by method, door and code", async () => {
    const health = await fetch(`${doors.httpUrl}/healthz`);
    expect([health.status, await health.text()]).to.deep.equal([200, "serving\n"]);
    await post(JSON.stringify({ organizationId: ORGANIZATION }));
    const metrics = await (await fetch(`${doors.httpUrl}/metrics`)).text();
    expect(metrics).to.match(
      /^pleyor_credits_call_seconds_count\{method="pleyor\.credits\.v1\.CreditService\/GetBalance",door="connect",code="OK"\} \d+$/m,
    );
    expect(metrics).to.match(/le="\+Inf"/);
    expect((await fetch(`${doors.httpUrl}/unknown`)).status).to.equal(404);
  });
});

describe("opening the doors", () => {
  for (const door of ["gRPC", "HTTP"] as const) {
    it(`opens none of them, and says why in one line, if the ${door} port is taken`, async () => {
      const squatter = createServer().listen(0, "127.0.0.1");
      await once(squatter, "listening");
      const { port } = squatter.address() as { port: number };
      const doors = createDoors({
        plans: NO_PLANS,
        admin: NO_ADMINISTRATION,
        usage: NO_USAGE,
        ledger: new ScriptedLedger(),
        watching: memoryWatching(),
        prices: new ScriptedPrices(),
        telemetry: new Telemetry("silent"),
        limits: { callDeadlineMsMax: 1_000, messageBytesMax: 1_000 },
      });
      const at = (taken: boolean) => ({ address: "127.0.0.1", port: taken ? port : 0 });
      const opened = await doors.open({ grpc: at(door === "gRPC"), http: at(door === "HTTP") }).then(
        () => "opened",
        (error: Error) => error.message,
      );
      expect(opened).to.equal(`cannot listen on 127.0.0.1:${port} for ${door}: the port is taken`);
      squatter.close();
    });
  }
});
