import { LedgerUnit } from "../../../src/storage/ledger-unit.ts";
import { createOrm } from "../../../src/storage/orm.ts";
import { ormSettings } from "./orm-settings.ts";

/** A server that freezes inside a transaction, in which it holds the row of an organization. */
const [url = "", organizationId = ""] = process.argv.slice(2);

await LedgerUnit.run(createOrm({ ...ormSettings(url), idleInTransactionTimeoutMs: 1_000 }), async (unit) => {
  await unit.lock([organizationId], []);
  process.stdout.write("locked\n", () => process.kill(process.pid, "SIGSTOP"));
  await new Promise(() => setInterval(() => undefined, 1_000));
});
