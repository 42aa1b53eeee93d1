import { expect } from "chai";
import { sql } from "kysely";
import type { Command } from "../../../src/domain/ledger/command.ts";
import type { ModelCall } from "../../../src/domain/ledger/model-call.ts";
import type { RateCard } from "../../../src/domain/pricing/model.ts";
import { MINUTE } from "../../../src/domain/time.ts";
import { putModelKinds } from "../../../src/storage/model-kind-rows.ts";
import { toRowRateCard } from "../../../src/storage/rate-card-text.ts";
import { card, line, model } from "../../domain/support/model.ts";
import { accepted, grantOf, refused, reservationIdOf } from "../support/asking.ts";
import { LedgerRig } from "../support/ledger-rig.ts";

const ASKING = { organizationId: "owner" };

const cardAt = (rate: string): RateCard =>
  card(model({ measures: [], lines: [line("call", { price: { rate } })] }));

function reserve(more: Partial<ModelCall> = {}): Command {
  const call = { modelId: "painter", settings: {}, knownUsage: {}, holdMaximum: false } as const;
  return {
    kind: "reserveCredits",
    call: { ...call, rateCardVersion: undefined, ...more },
    context: { modelId: "painter" },
    timeToLive: MINUTE,
  };
}

/** Cards that were published in the past, as no call can publish them. */
describe("quoted prices", () => {
  let rig: LedgerRig;

  before(async () => {
    rig = await LedgerRig.open();
    await publishedAgo(1n, 60, "1");
    await publishedAgo(2n, 30, "2");
    await publishedAgo(3n, 14, "3");
  });

  after(async () => {
    await rig.expectSound();
    await rig.close();
  });

  async function publishedAgo(version: bigint, minutes: number, rate: string): Promise<void> {
    const content = toRowRateCard(cardAt(rate));
    await rig.rows(sql`
      insert into rate_cards (version, effective_time, publish_time, publisher, title, model_count, content)
      select ${version}, t, t, 'tester', '', 1, ${content}
      from (select clock_timestamp() - make_interval(mins => ${minutes})) as at (t)`);
    await putModelKinds(rig.orm.em.fork().getKysely(), cardAt(rate).models, version);
  }

  it("R-PRICE-4: hold for 15 minutes after their card was superseded, and no longer", async () => {
    const ledger = rig.serve();
    await accepted(ledger, ASKING, grantOf(100_000_000n));
    const current = await accepted(ledger, ASKING, reserve());
    expect(current.transactions[0]?.pricing?.rateCardVersion).to.equal(3n);
    const quoted = await accepted(ledger, ASKING, reserve({ rateCardVersion: 2n }));
    expect(quoted.transactions[0]).to.deep.include({ amountMicros: 2_000_000n });
    const stale = await refused(ledger, ASKING, reserve({ rateCardVersion: 1n }));
    expect(stale).to.deep.include({ reason: "RATE_CARD_STALE", version: 1n, currentVersion: 3n });
    const unknown = await refused(ledger, ASKING, reserve({ rateCardVersion: 9n }));
    expect(unknown).to.deep.include({ reason: "RATE_CARD_NOT_FOUND", version: 9n });
  });

  it("R-REQ-1: a quote that has become stale is still the content that a repeated request is known by", async () => {
    const ledger = rig.serve();
    const requestId = "0199c2a4-7d31-7a53-9c5e-3f1d2b6a8e01";
    const command = reserve({ rateCardVersion: 2n });
    const first = await accepted(ledger, { ...ASKING, requestId }, command);
    await publishedAgo(4n, 13, "4");
    const again = await accepted(rig.serve(), { ...ASKING, requestId }, command);
    expect(again.replayed).to.equal(true);
    expect(reservationIdOf(again)).to.equal(reservationIdOf(first));
    const other = { ...ASKING, requestId };
    expect(await refused(ledger, other, reserve())).to.deep.include({ reason: "REQUEST_ID_REUSED" });
  });

  it("R-HIST-1: rate cards can't be changed or deleted", async () => {
    for (const statement of [
      "update rate_cards set title = 'x'",
      "delete from rate_cards",
      "truncate rate_cards",
    ]) {
      const failure = await rig.run(statement).catch((error: Error) => error.message);
      expect(failure, statement).to.include("rate cards are immutable");
    }
  });
});
