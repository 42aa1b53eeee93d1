import { create } from "@bufbuild/protobuf";
import { type Client, ConnectError, createClient } from "@connectrpc/connect";
import { expect } from "chai";
import {
  AdminService,
  VerifyLedgerRequestSchema,
  type VerifyLedgerResponse,
} from "../../gen/pleyor/credits/v1/admin_service_pb.ts";
import { refusalOf } from "../../src/client/refusal.ts";
import { adminHandlers } from "../../src/rpc/admin-handlers.ts";
import { ProblemError } from "../../src/rpc/problem.ts";
import { until } from "../service/support/until.ts";
import { EndlessAdministration } from "../support/endless-administration.ts";
import { pulled } from "../support/pulled.ts";
import { DoorsUnderTest, WAYS_IN } from "./doors-under-test.ts";

for (const way of WAYS_IN) {
  describe(`verifications by the ${way}`, () => {
    let doors: DoorsUnderTest;
    let admin: Client<typeof AdminService>;

    beforeEach(async () => {
      doors = await new DoorsUnderTest().open();
      admin = createClient(AdminService, doors.transport(way));
    });

    afterEach(() => doors.close());

    it("are so few at a time; one that its reader leaves stops its work and makes room", async () => {
      const leaving = [new AbortController(), new AbortController()];
      const readings = leaving.map(({ signal }) => begin(signal));
      for (const reading of readings) expect((await reading.next()).value?.event.case).to.equal("progress");
      expect(doors.admin.running).to.equal(2);
      const refusal = refusalOf(await thrown(begin(new AbortController().signal).next()));
      expect(refusal?.reason).to.equal("TOO_MANY_STREAMS");
      expect(refusal?.metadata).to.include({ limit: "2", streams: "verifications and exports" });

      leaving[0]?.abort();
      await thrown(readings[0]?.next());
      await until(() => doors.admin.running === 1 && doors.admin.streams.streams === 1);
      const last = new AbortController();
      const another = begin(last.signal);
      expect((await another.next()).value?.event.case).to.equal("progress");

      for (const each of [leaving[1], last]) each?.abort();
      for (const each of [readings[1], another]) await thrown(each?.next());
      await until(() => doors.admin.running === 0);
    });

    function begin(signal: AbortSignal) {
      return admin.verifyLedger({}, { signal })[Symbol.asyncIterator]();
    }
  });
}

it("a verification that nobody reads any more ends with its place", async () => {
  const admin = new EndlessAdministration();
  const { streams } = admin;
  let working: AbortSignal | undefined;
  const verify: typeof admin.administration.verify = (scope, signal) => {
    working = signal;
    return admin.administration.verify(scope, signal);
  };
  const administration = { ...admin.administration, verify };
  const context = {
    principal: "somebody",
    connection: "here",
    signal: new AbortController().signal,
    deadlineMs: Number.POSITIVE_INFINITY,
  };
  const request = create(VerifyLedgerRequestSchema, {});
  const { verifyLedger } = adminHandlers({ administration, streams, stalledMs: 1 });
  const reading = pulled<VerifyLedgerResponse>((send) => verifyLedger(request, context, send));
  expect((await reading.next()).value?.event.case).to.equal("progress");
  expect(streams.streams).to.equal(1);
  await until(() => streams.streams === 0);
  expect(working?.aborted).to.equal(true);
  const error = await reading.next().catch((problem: unknown) => problem);
  expect(error).to.be.instanceOf(ProblemError);
  expect(error).to.have.nested.property("problem.reason", "STREAM_STALLED");
});

async function thrown(reading: Promise<unknown> | undefined): Promise<ConnectError> {
  return ConnectError.from(
    await reading?.then(
      () => "nothing was thrown",
      (error: unknown) => error,
    ),
  );
}
