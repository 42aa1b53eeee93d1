import { expect } from "chai";
import { sql } from "kysely";
import type { ModelKind } from "../../src/domain/pricing/model.ts";
import { verifyLedger } from "../../src/service/verification.ts";
import { KNOWN_KINDS } from "../../src/storage/migrations/usage.ts";
import { putModelKinds } from "../../src/storage/model-kind-rows.ts";
import { createOrm, type Orm } from "../../src/storage/orm.ts";
import { ormSettings } from "../service/support/orm-settings.ts";
import { cardOf, clientOf, painter, publish } from "../support/priced-service.ts";
import { type RunningService, startService } from "../support/running-service.ts";

describe("R-HIST-3: the kinds of models", () => {
  let service: RunningService;
  let orm: Orm;

  before(async () => {
    service = await startService();
    orm = createOrm(ormSettings(service.databaseUrl));
  });

  after(async () => {
    await orm.close(true);
    await service.stop();
  });

  it("are what the newest card that has the model says, whether it came before the migration or after it", async () => {
    const client = clientOf(service, "Connect");
    await publish(
      client,
      cardOf(painter("1", { kind: "TEXT" }), painter("1", { modelId: "gone", kind: "AUDIO" })),
    );
    await publish(client, cardOf(painter("1", { kind: "VIDEO" })));
    client.close();
    const kept = await kinds();
    expect(kept).to.have.length.above(60);
    expect(kept).to.deep.include({ model_id: "painter", kind: "VIDEO", rate_card_version: "3" });
    expect(kept).to.deep.include({ model_id: "gone", kind: "AUDIO", rate_card_version: "2" });
    await sql`delete from model_kinds`.execute(orm.em.fork().getKysely());
    await sql.raw(KNOWN_KINDS).execute(orm.em.fork().getKysely());
    expect(await kinds()).to.deep.equal(kept);
  });

  for (const [what, statement, place] of [
    ["a changed kind", "update model_kinds set kind = 'TEXT' where model_id = 'painter'", "painter"],
    [
      "a kind of another card",
      "update model_kinds set rate_card_version = 1 where model_id = 'gone'",
      "gone",
    ],
    ["a removed kind", "delete from model_kinds where model_id = 'gone'", "gone"],
    ["an added kind", "insert into model_kinds values ('never', 'IMAGE', 1)", "never"],
  ] as const) {
    it(`R-HIST-4: verification finds ${what}, and nothing else`, async () => {
      const run = (text: string) => sql.raw(text).execute(orm.em.fork().getKysely());
      await run("create table kept as table model_kinds");
      await run(statement);
      const { discrepancies } = await verifyLedger(orm);
      await run("delete from model_kinds");
      await run("insert into model_kinds table kept");
      await run("drop table kept");
      expect(discrepancies.map((each) => each.place)).to.deep.equal([`kind of model ${place}`]);
      expect((await verifyLedger(orm)).discrepancies).to.deep.equal([]);
    });
  }

  it("are not changed by a card that is older than the one that said them", async () => {
    const database = orm.em.fork().getKysely<unknown>();
    const put = (kind: ModelKind, version: bigint) =>
      putModelKinds(database, [painter("1", { modelId: "late", kind })], version);
    await put("VIDEO", 30n);
    await put("TEXT", 29n);
    expect(await kinds()).to.deep.include({ model_id: "late", kind: "VIDEO", rate_card_version: "30" });
    await put("AUDIO", 31n);
    expect(await kinds()).to.deep.include({ model_id: "late", kind: "AUDIO", rate_card_version: "31" });
  });

  async function kinds(): Promise<readonly unknown[]> {
    const select = sql`select model_id, kind, rate_card_version from model_kinds order by model_id`;
    return (await select.execute(orm.em.fork().getKysely())).rows;
  }
});
