import { type Timestamp, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { expect } from "chai";
import { PriceBasis, StepRole } from "../../gen/pleyor/credits/v1/explanation_pb.ts";
import { TransactionKind } from "../../gen/pleyor/credits/v1/transaction_pb.ts";
import { RunOrder, UsageDimension, UsageKind } from "../../gen/pleyor/credits/v1/usage_pb.ts";
import { type CreditClient, refusalOf } from "../../src/client/client.ts";
import { cardOf, clientOf, DOORS, openOrganization, painter, publish } from "../support/priced-service.ts";
import { type RunningService, startService } from "../support/running-service.ts";

const { AGENT, DAY, HOUR, KIND, MODEL, MEMBER, RUN, WORKSPACE } = UsageDimension;
const HOUR_MS = 3_600_000;
const at = (offsetMs: number): Timestamp => timestampFromDate(new Date(Date.now() + offsetMs));
const TODAY = () => ({ startTime: at(-25 * HOUR_MS), endTime: at(HOUR_MS) });

for (const door of DOORS) {
  describe(`R-HIST-3: usage by the ${door} door`, () => {
    let service: RunningService;
    let client: CreditClient;
    let organizationId: string;

    before(async () => {
      service = await startService({ PLEYOR_ROLL_UP_INTERVAL_MS: "20" });
      client = clientOf(service, door);
      organizationId = await openOrganization(client);
      await publish(client, cardOf(painter("2", { kind: "IMAGE" })));
    });

    after(async () => {
      client.close();
      expect((await service.verify()).discrepancies).to.deep.equal([]);
      await service.stop();
    });

    it("GetRun tells what was estimated, reserved, settled, released and refunded, by node and model", async () => {
      const context = { runId: "run-1", nodeId: "paint", agentId: "artist" };
      const { reservation } = await client.credits.reserveCredits({
        organizationId,
        cost: { case: "price", value: { modelId: "painter", settings: { n: 3 } } },
        context,
      });
      const { reservationId = "" } = reservation ?? {};
      await client.credits.settleReservation({
        organizationId,
        reservationId,
        cost: { case: "usage", value: { measures: { images: "2" } } },
      });
      await client.credits.refundReservation({ organizationId, reservationId, amountMicros: 1_000_000n });
      await charge({ ...context, runId: "run-2", parentRunId: "run-1", modelId: "unheard-of" }, 500_000n);
      const run = await client.usage.getRun({ organizationId, runId: "run-1" });
      expect(run.own).to.deep.include({
        reservations: 1n,
        calls: 1n,
        estimatedReservations: 1n,
        estimatedMicros: 6_000_000n,
        reservedMicros: 6_000_000n,
        heldMicros: 0n,
        releasedMicros: 2_000_000n,
        settledMicros: 4_000_000n,
        refundedMicros: 1_000_000n,
        consumedMicros: 3_000_000n,
      });
      expect(run.nodes.map(({ nodeId }) => nodeId)).to.deep.equal(["paint"]);
      expect(run.models.map(({ modelId }) => modelId)).to.deep.equal(["painter"]);
      expect(run.descendants).to.deep.include({ consumedMicros: 500_000n, estimatedReservations: 0n });
      expect(run.descendants?.estimatedMicros).to.equal(undefined);
      expect(run.total).to.deep.include({ consumedMicros: 3_500_000n });
      expect(run.run).to.deep.include({ runId: "run-1", agentId: "artist", parentRunId: "" });
    });

    it("QueryUsage groups by kind, and calls of models that no card has are of no kind", async () => {
      const { groups, total } = await client.usage.queryUsage({
        organizationId,
        ...TODAY(),
        groupBy: [KIND],
      });
      expect(groups.map(({ kind, sums }) => [kind, sums?.consumedMicros])).to.deep.equal([
        [UsageKind.IMAGE, 3_000_000n],
        [UsageKind.UNSPECIFIED, 500_000n],
      ]);
      expect(total).to.deep.include({ calls: 2n, consumedMicros: 3_500_000n, averageMicros: 1_750_000n });
    });

    it("QueryUsage by agent and day has each group's days, the rest summed by day", async () => {
      await charge({ agentId: "poet" }, 7n);
      await charge({ agentId: "clerk" }, 3n);
      const asked = { organizationId, ...TODAY(), groupBy: [AGENT, DAY], groupLimit: 1 };
      const { groups, rest, restCount } = await client.usage.queryUsage(asked);
      expect(groups.map(({ agentId }) => agentId)).to.deep.equal(["artist"]);
      expect(Number(groups[0]?.startTime?.seconds) % 86_400).to.equal(0);
      expect(new Set(rest.map(({ agentId }) => agentId))).to.deep.equal(new Set([""]));
      expect(rest.reduce((calls, { sums }) => calls + (sums?.calls ?? 0n), 0n)).to.equal(2n);
      expect(restCount).to.equal(2n);
    });

    it("QueryUsage takes every subset of its dimensions, all with the same total", async () => {
      const dimensions = [AGENT, RUN, MODEL, KIND, WORKSPACE, MEMBER];
      const subsets = Array.from({ length: 2 ** dimensions.length }, (_, bits) =>
        dimensions.filter((_dimension, index) => Math.floor(bits / 2 ** index) % 2 === 1),
      );
      const range = TODAY();
      const totals = await Promise.all(
        subsets.flatMap((groupBy) =>
          [[], [DAY], [HOUR]].map(async (bucket) => {
            const asked = { organizationId, ...range, groupBy: [...groupBy, ...bucket] };
            return (await client.usage.queryUsage(asked)).total?.consumedMicros;
          }),
        ),
      );
      expect(new Set(totals)).to.deep.equal(new Set([3_500_010n]));
    });

    it("ListRuns pages through the dearest, and takes filters", async () => {
      const asked = { organizationId, order: RunOrder.DEAREST_FIRST, pageSize: 1 };
      const first = await client.usage.listRuns(asked);
      const second = await client.usage.listRuns({ ...asked, pageToken: first.nextPageToken });
      expect([...first.runs, ...second.runs].map(({ runId }) => runId)).to.deep.equal(["run-1", "run-2"]);
      expect(second.nextPageToken).to.equal("");
      const children = await client.usage.listRuns({ ...asked, parentRunId: "run-1" });
      expect(children.runs.map(({ runId, sums }) => [runId, sums?.consumedMicros])).to.deep.equal([
        ["run-2", 500_000n],
      ]);
    });

    it("ExplainTransaction tells the price again, who paid and why, and the hold's history, in both forms", async () => {
      const { balance } = await client.credits.getBalance({ organizationId });
      const explanations = await Promise.all(
        Array.from({ length: Number(balance?.version) }, async (_, index) => {
          const { explanation } = await client.usage.explainTransaction({
            organizationId,
            version: BigInt(index + 1),
          });
          return explanation;
        }),
      );
      const settle = explanations.find((each) => each?.transaction?.kind === TransactionKind.SETTLE);
      expect(settle?.price).to.deep.include({
        modelId: "painter",
        basis: PriceBasis.MEASURED,
        matches: true,
      });
      const lines = settle?.price?.lines.map(({ quantity, rate, credits }) => [quantity, rate, credits]);
      expect(lines).to.deep.equal([["2", "2", "4"]]);
      expect(settle?.steps.map(({ role }) => role)).to.deep.equal([StepRole.PAID, StepRole.RETURNED]);
      const { RESERVE, SETTLE, REFUND } = TransactionKind;
      expect(settle?.holdHistory.map(({ kind }) => kind)).to.deep.equal([RESERVE, SETTLE, REFUND]);
      expect(settle?.text.join("\n")).to.match(/4 credits charged for run run-1, node paint, model painter/);
      const reserve = explanations.find((each) => each?.transaction?.kind === RESERVE);
      expect(reserve?.price).to.deep.include({
        basis: PriceBasis.EXPECTED,
        amountMicros: 6_000_000n,
        matches: true,
      });
      for (const [index, each] of explanations.entries()) {
        const before = explanations[index - 1]?.transaction?.balance;
        expect(each?.balanceBefore?.availableMicros).to.equal(before?.availableMicros);
        expect(each?.balanceAfter).to.deep.equal(each?.transaction?.balance);
      }
    });

    for (const [what, field, ask] of bad()) {
      it(`${what} is refused by name`, async () => {
        const refusal = refusalOf(
          await ask().then(
            () => undefined,
            (error: unknown) => error,
          ),
        );
        expect(refusal?.reason).to.equal("INVALID_REQUEST");
        expect(refusal?.metadata.field).to.equal(field);
      });
    }

    function bad(): readonly (readonly [string, string, () => Promise<unknown>])[] {
      const order = RunOrder.NEWEST_FIRST;
      const query = (more: object) => client.usage.queryUsage({ organizationId, ...TODAY(), ...more });
      const runs = (more: object) => client.usage.listRuns({ organizationId, order, ...more });
      const [early, late] = [at(0), at(HOUR_MS)];
      const days = (count: number) => ({ startTime: at(-count * 24 * HOUR_MS), endTime: at(HOUR_MS) });
      const first = async () => (await runs({ pageSize: 1 })).nextPageToken;
      return [
        ["usage of a reversed time range", "end_time", () => query({ startTime: late, endTime: early })],
        ["usage of an empty time range", "end_time", () => query({ startTime: early, endTime: early })],
        ["usage without a start", "start_time", () => query({ startTime: undefined })],
        ["usage without an end", "end_time", () => query({ endTime: undefined })],
        ["usage of an endless time range", "end_time", () => query(days(3_700))],
        ["usage by day of an endless time range", "end_time", () => query({ ...days(401), groupBy: [DAY] })],
        ["usage by hour of an endless time range", "end_time", () => query({ ...days(33), groupBy: [HOUR] })],
        [
          "usage from before the calendar",
          "start_time",
          () => query({ startTime: { seconds: -(10n ** 15n), nanos: 0 } }),
        ],
        ["usage by something unknown", "group_by[0]", () => query({ groupBy: [42] })],
        ["usage by one thing twice", "group_by", () => query({ groupBy: [AGENT, AGENT] })],
        ["usage by day and by hour", "group_by", () => query({ groupBy: [DAY, HOUR] })],
        ["runs in no order", "order", () => runs({ order: 0 })],
        ["runs of a reversed time range", "end_time", () => runs({ startTime: late, endTime: early })],
        ["a page token that was made up", "page_token", () => runs({ pageToken: "bm90IGEgdG9rZW4" })],
        [
          "a page token of another order",
          "page_token",
          async () => runs({ pageToken: await first(), order: RunOrder.DEAREST_FIRST }),
        ],
        [
          "a page token of another filter",
          "page_token",
          async () => runs({ pageToken: await first(), agentId: "a" }),
        ],
        [
          "a page token of another list",
          "page_token",
          async () => client.credits.listTransactions({ organizationId, pageToken: await first() }),
        ],
      ];
    }

    it("GetRun of a run that only started others has nothing of its own but its name", async () => {
      const family = await openOrganization(client);
      await client.credits.chargeCredits({
        organizationId: family,
        cost: { case: "amountMicros", value: 4n },
        context: { runId: "child", parentRunId: "parent" },
      });
      const run = await client.usage.getRun({ organizationId: family, runId: "parent" });
      expect(run.run).to.deep.include({ runId: "parent", agentId: "" });
      expect([run.run?.startTime, run.run?.updateTime]).to.deep.equal([undefined, undefined]);
      expect(run.own).to.deep.include({ reservations: 0n, consumedMicros: 0n });
      expect(run.total).to.deep.include({ reservations: 1n, consumedMicros: 4n });
    });

    async function charge(context: Record<string, string>, amountMicros: bigint): Promise<void> {
      const cost = { case: "amountMicros", value: amountMicros } as const;
      await client.credits.chargeCredits({ organizationId, cost, context });
    }
  });
}
