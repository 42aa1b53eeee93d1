import { type Client, Code, createClient } from "@connectrpc/connect";
import { expect } from "chai";
import { CreditService } from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { ORGANIZATION, RECEIPT, REQUEST_ID, RESERVATION_ID } from "../support/scripted-ledger.ts";
import { DoorsUnderTest, WAYS_IN } from "./doors-under-test.ts";
import { errorOf, fieldsOf, reasonOf } from "./refused-call.ts";

/** Clients can take 8 KB of trailers; the details are base64 in one of them. */
const STATUS_BYTES_MAX = 5_500;

for (const way of WAYS_IN) {
  describe(`validation by the ${way}`, () => {
    let doors: DoorsUnderTest;
    let credits: Client<typeof CreditService>;

    before(async () => {
      doors = await new DoorsUnderTest().open();
      doors.ledger.always(() => ({ value: RECEIPT }));
      credits = createClient(CreditService, doors.transport(way));
    });
    after(() => doors.close());

    const cost = { case: "amountMicros", value: 1n } as const;
    const good = { organizationId: ORGANIZATION, requestId: REQUEST_ID, cost };

    it("names every field that breaks its rule, and the ledger is not asked", async () => {
      const bad = { organizationId: "", requestId: "no-uuid", cost: { ...cost, value: -1n } };
      const error = await errorOf(credits.reserveCredits(bad));
      expect(error.code).to.equal(Code.InvalidArgument);
      expect(reasonOf(error)).to.equal("INVALID_REQUEST");
      expect(fieldsOf(error)).to.deep.equal(["organization_id", "request_id", "amount_micros"]);
      expect(doors.ledger.applied).to.deep.equal([]);
    });

    it("names a oneof that is left out", async () => {
      const { cost: _left, ...without } = good;
      expect(fieldsOf(await errorOf(credits.reserveCredits(without)))).to.deep.equal(["cost"]);
    });

    it("names a duration whose nanos are none, which no rule of the field covers", async () => {
      if (way.includes("JSON")) return; // JSON has no way to write it.
      const timeToLive = { seconds: 1n, nanos: 2_000_000_000 };
      const error = await errorOf(credits.reserveCredits({ ...good, timeToLive }));
      expect(error.code).to.equal(Code.InvalidArgument);
      expect(fieldsOf(error)).to.deep.equal(["time_to_live"]);
    });

    it("keeps an error small enough to be sent, however many fields are bad and long their keys", async () => {
      const context = { labels: Object.fromEntries([[`${"k".repeat(50_000)}!`, "v"]]) };
      const items = Array.from({ length: 1_000 }, () => ({ context }));
      const { organizationId, requestId } = good;
      const few = items.slice(0, 2);
      for (const batch of [few, items.map(() => ({}))]) {
        const error = await errorOf(credits.batchReserveCredits({ organizationId, requestId, items: batch }));
        expect(error.code).to.equal(Code.InvalidArgument);
        expect(reasonOf(error)).to.equal("INVALID_REQUEST");
        expect(fieldsOf(error).length).to.be.greaterThan(0);
        const bytes = error.details.reduce((sum, each) => sum + ("type" in each ? each.value.length : 0), 0);
        expect(bytes + error.rawMessage.length).to.be.lessThan(STATUS_BYTES_MAX);
      }
    });

    it("takes UUIDs in upper case as the same ids", async () => {
      await credits.settleReservation({
        ...good,
        requestId: REQUEST_ID.toUpperCase(),
        reservationId: RESERVATION_ID.toUpperCase(),
      });
      const [request] = doors.ledger.applied;
      expect(request?.requestId).to.equal(REQUEST_ID);
      expect(request?.command).to.deep.include({ reservationId: RESERVATION_ID });
      expect(request?.actor).to.equal("anonymous");
    });
  });
}
