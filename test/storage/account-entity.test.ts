import { expect } from "chai";
import { AccountEntity } from "../../src/storage/account-entity.ts";
import { createOrm } from "../../src/storage/orm.ts";

/** Tells if a release of MikroORM makes accounts dearer again: the ledger would be right, and slower. */
it("an account's columns are plain properties", () => {
  const orm = createOrm({
    url: "postgresql://nobody@localhost:1/nothing",
    connectionsMax: 1,
    lockTimeoutMs: 1,
    idleInTransactionTimeoutMs: 1,
    statementTimeoutMs: 1,
  });
  const account = orm.em
    .fork()
    .map(AccountEntity, { organization_id: "acme", version: "1", alerting: false });
  for (const name of ["organizationId", "version", "alerting"] as const)
    expect(Object.getOwnPropertyDescriptor(account, name)).to.have.property("value", account[name]);
  expect(account).to.include({ organizationId: "acme", version: "1", alerting: false });
});
