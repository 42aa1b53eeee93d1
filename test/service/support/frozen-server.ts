import { databaseFaultOf } from "../../../src/storage/database-fault.ts";
import { LedgerUnit } from "../../../src/storage/ledger-unit.ts";
import { createOrm } from "../../../src/storage/orm.ts";
import { ormSettings } from "./orm-settings.ts";

/** A server that freezes inside a transaction, in which it holds the row of an organization. */
const [url = "", organizationId = ""] = process.argv.slice(2);

const orm = createOrm({ ...ormSettings(url), idleInTransactionTimeoutMs: 1_000 });
try {
  await LedgerUnit.run(orm, async (unit) => {
    await unit.lock([organizationId], []);
    await new Promise((resolve) => process.stdout.write("locked\n", resolve));
    process.kill(process.pid, "SIGSTOP");
    // From here on it was woken again.
    await unit.clock("database");
  });
  process.stdout.write("committed\n");
} catch (error) {
  process.stdout.write(`${databaseFaultOf(error)}\n`);
}
await orm.close(true);
