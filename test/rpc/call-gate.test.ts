import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { type ClientHttp2Session, connect, constants, type ServerHttp2Stream } from "node:http2";
import { setImmediate } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { type Client, Code, createClient } from "@connectrpc/connect";
import { expect } from "chai";
import { RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { AlertService } from "../../gen/pleyor/credits/v1/alert_service_pb.ts";
import {
  ApplyBatchRequestSchema,
  CreditService,
  ReserveCreditsRequestSchema,
} from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { GrantService } from "../../gen/pleyor/credits/v1/grant_service_pb.ts";
import { PricingService } from "../../gen/pleyor/pricing/v1/pricing_service_pb.ts";
import { organizationDepth, organizationIn, organizationOf } from "../../src/rpc/call-organization.ts";
import { REQUEST_SCHEMAS } from "../../src/rpc/routes.ts";
import type { LaneGauge } from "../../src/service/lane.ts";
import { framed } from "../support/grpc-frame.ts";
import { ACCOUNT, ORGANIZATION, RECEIPT, REQUEST_ID } from "../support/scripted-ledger.ts";
import { DoorsUnderTest, WAYS_IN } from "./doors-under-test.ts";
import { errorOf, reasonOf } from "./refused-call.ts";

const CROWD = "crowd";
const FULL_OF_CROWD: LaneGauge = {
  mayRefuse: () => true,
  refuses: (organizationId) => organizationId === CROWD,
};

describe("the gate", () => {
  it("stands before what changes an organization, and before nothing else", () => {
    const { reserveCredits, applyBatch, getBalance, watchBalance } = CreditService.method;
    const { setAlertThresholds } = AlertService.method;
    const mutations = [reserveCredits, applyBatch, GrantService.method.createGrant, setAlertThresholds];
    expect(mutations.map(organizationDepth)).to.deep.equal([0, 2, 0, 0]);
    const others = [getBalance, watchBalance, PricingService.method.publishRateCard, Health.method.check];
    expect(others.map(organizationDepth)).to.deep.equal([undefined, undefined, undefined, undefined]);
  });

  it("finds the organization in the first bytes of any change", () => {
    const changes = REQUEST_SCHEMAS.filter(({ field }) => field.requestId && field.organizationId);
    expect(changes.length).to.be.greaterThan(15);
    for (const schema of changes) {
      const request = create(schema, { organizationId: ORGANIZATION, requestId: REQUEST_ID });
      expect(organizationOf(request), schema.name).to.equal(ORGANIZATION);
      expect(organizationIn(framed(toBinary(schema, request)), 0), schema.name).to.equal(ORGANIZATION);
    }
  });

  it("finds that of a batch's first operation, however long it is", () => {
    for (const nodeId of ["n", "n".repeat(20_000)]) {
      const value = { organizationId: ORGANIZATION, requestId: REQUEST_ID, context: { nodeId } };
      const operation = { case: "reserve", value } as const;
      const request = create(ApplyBatchRequestSchema, { operations: [{ operation }, {}] });
      expect(organizationOf(request)).to.equal(ORGANIZATION);
      expect(organizationIn(framed(toBinary(ApplyBatchRequestSchema, request)), 2)).to.equal(ORGANIZATION);
    }
  });

  it("finds none where there is none to find", () => {
    const schema = ReserveCreditsRequestSchema;
    const request = toBinary(schema, create(schema, { organizationId: ORGANIZATION }));
    const compressed = framed(request);
    compressed[0] = 1;
    const cut = framed(request).subarray(0, -1);
    for (const bytes of [
      compressed,
      cut,
      framed(request.subarray(1)),
      framed(new Uint8Array()),
      Buffer.alloc(0),
    ])
      for (const depth of [0, 2]) expect(organizationIn(bytes, depth)).to.equal(undefined);
  });
});

for (const way of WAYS_IN) {
  describe(`a lane that is full of one organization's calls, by the ${way}`, () => {
    let doors: DoorsUnderTest;
    let credits: Client<typeof CreditService>;

    beforeEach(async () => {
      doors = await new DoorsUnderTest({}, FULL_OF_CROWD).open();
      credits = createClient(CreditService, doors.transport(way));
    });
    afterEach(() => doors.close());

    it("refuses its changes before they are read, says when to try again, and answers all else", async () => {
      doors.ledger.script({ getBalance: () => ({ value: ACCOUNT }) });
      const health = createClient(Health, doors.transport(way));
      // The request is none that would be accepted: where it was read, that is what it is refused for.
      const error = await errorOf(credits.reserveCredits({ organizationId: CROWD }));
      expect([error.code, reasonOf(error)]).to.deep.equal([Code.ResourceExhausted, "OVERLOADED"]);
      expect(error.findDetails(RetryInfoSchema)).to.have.length(1);
      expect(error.rawMessage).to.match(
        /^more calls are waiting than can be answered in time; nothing was done/,
      );
      expect((await credits.getBalance({ organizationId: CROWD })).balance?.version).to.equal(7n);
      await health.check({});
      const metrics = await (await fetch(`${doors.httpUrl}/metrics`)).text();
      expect(metrics).to.match(/CreditService\/ReserveCredits",door="\w+",code="RESOURCE_EXHAUSTED"\} \d/);
    });

    it("takes the changes of others whole, small and large", async () => {
      doors.ledger.script({ apply: () => ({ value: RECEIPT }) });
      const cost = { case: "amountMicros", value: 1n } as const;
      const value = { organizationId: ORGANIZATION, requestId: REQUEST_ID, cost };
      expect((await credits.reserveCredits(value)).balance?.version).to.equal(7n);
      const operations = Array.from({ length: 1_000 }, () => ({
        operation: { case: "reserve", value } as const,
      }));
      const { results } = await credits.applyBatch({ operations });
      expect(results.map(({ result }) => result.case)).to.deep.equal(operations.map(() => "reserve"));
      expect(doors.ledger.applied).to.have.length(1_001);
    });

    it("refuses a batch that begins with its own, whole", async () => {
      const operation = { case: "charge", value: { organizationId: CROWD } } as const;
      const error = await errorOf(credits.applyBatch({ operations: [{ operation }] }));
      expect([error.code, reasonOf(error)]).to.deep.equal([Code.ResourceExhausted, "OVERLOADED"]);
    });
  });
}

describe("the gate of the gRPC door", () => {
  let doors: DoorsUnderTest;
  let session: ClientHttp2Session;

  beforeEach(async () => {
    doors = await new DoorsUnderTest({}, FULL_OF_CROWD).open();
    session = connect(`http://${doors.grpcAddress}`);
  });
  afterEach(async () => {
    session.destroy();
    await doors.close();
  });

  const open = (contentType = "application/grpc+proto") => {
    const path = "/pleyor.credits.v1.CreditService/ReserveCredits";
    const headers = { ":method": "POST", ":path": path, "content-type": contentType };
    return session.request({ ...headers, te: "trailers" });
  };

  it("answers a call that ends without a request", async () => {
    const stream = open().end();
    const [headers] = await once(stream, "response");
    expect(headers).to.include({ "grpc-status": String(Code.ResourceExhausted) });
    // As grpc-js reads it.
    expect(decodeURI(headers["grpc-message"])).to.match(/in time; nothing was done, /);
  });

  it("outlives callers that leave before they have sent their request, and while they do", async () => {
    for (const begin of [Buffer.alloc(0), Buffer.from([0, 0, 0]), framed(Buffer.alloc(100_000))]) {
      const stream = open();
      stream.write(begin);
      await setImmediate();
      stream.close(constants.NGHTTP2_CANCEL);
      await once(stream, "close");
    }
    const [headers] = await once(open().end(), "response");
    expect(headers).to.include({ "grpc-status": String(Code.ResourceExhausted) });
  });

  it("keeps no stream whose request is not read, where the call is not one of gRPC", async () => {
    const served: ServerHttp2Stream[] = [];
    const onStream = (message: unknown) => served.push((message as { stream: ServerHttp2Stream }).stream);
    subscribe("http2.server.stream.created", onStream);
    const others = framed(Buffer.from([10, 1, 97]));
    const stream = open("text/plain").end(others);
    const [headers] = await once(stream, "response");
    await once(stream.resume(), "close");
    unsubscribe("http2.server.stream.created", onStream);
    expect(headers).to.include({ ":status": 415 });
    for (let turn = 0; turn < 100 && !served[0]?.destroyed; turn += 1) await setImmediate();
    expect(served.map(({ destroyed }) => destroyed)).to.deep.equal([true]);
  });
});
