import { defineEntity, LockMode, p } from "@mikro-orm/core";
import { type EntityManager, MikroORM } from "@mikro-orm/postgresql";
import { sql } from "kysely";
import type { Request } from "../../src/domain/ledger/command.ts";
import type { Reservation } from "../../src/domain/ledger/reservation.ts";
import { AccountEntity, fromRowAccount, toRowAccount } from "../../src/storage/account-entity.ts";
import { fromRowOwnedReservation, type ReservationRow } from "../../src/storage/reservation-rows.ts";
import { fromRowTime } from "../../src/storage/timestamp.ts";
import type { Baseline } from "./baseline-ledger.ts";
import { type DecidedAlone, decideAlone } from "./decide-alone.ts";
import { fromRowGrant, GrantEntity, type GrantRow, toRowGrant } from "./grant-entity.ts";
import { toRowReservation, toRowReservationUpdate, toRowTransaction } from "./row.ts";

const CONTEXT = {
  run_id: p.text().nullable(),
  node_id: p.text().nullable(),
  agent_id: p.text().nullable(),
  model_id: p.text().nullable(),
};

const TransactionEntity = defineEntity({
  name: "Transaction",
  tableName: "transactions",
  properties: {
    organization_id: p.text().primary(),
    version: p.text().primary(),
    kind: p.text(),
    effective_time: p.text(),
    record_time: p.text(),
    request_id: p.text().nullable(),
    fingerprint: p.blob().nullable(),
    request_ordinal: p.integer(),
    actor: p.text(),
    reservation_id: p.text().nullable(),
    amount_micros: p.text(),
    expire_time: p.text().nullable(),
    late: p.boolean().nullable(),
    ...CONTEXT,
    movements: p.json(),
    subscription_micros: p.text(),
    promotional_micros: p.text(),
    purchased_micros: p.text(),
    reserved_micros: p.text(),
    debt_micros: p.text(),
    hash: p.blob(),
  },
});

const ReservationEntity = defineEntity({
  name: "Reservation",
  tableName: "reservations",
  properties: {
    organization_id: p.text().primary(),
    reservation_id: p.text().primary(),
    state: p.text(),
    amount_micros: p.text(),
    holds: p.json(),
    settled_micros: p.text().nullable(),
    payments: p.json(),
    debt_micros: p.text(),
    refunded_micros: p.text(),
    late: p.boolean(),
    expire_time: p.text(),
    end_time: p.text().nullable(),
    end_version: p.text().nullable(),
    versions: p.text(),
    create_time: p.text(),
    ...CONTEXT,
  },
});

/** One transaction and one unit of work for each request, all rows managed entities: what MikroORM's guide shows. */
export function mikroOrmBaseline(url: string, connectionsMax: number): Baseline {
  const orm = new MikroORM({
    clientUrl: url,
    entities: [AccountEntity, GrantEntity, TransactionEntity, ReservationEntity],
    ensureDatabase: false,
    pool: { min: 0, max: connectionsMax },
    driverOptions: { options: "-c timezone=UTC -c datestyle=ISO" },
    validateRequired: false,
    forceUtcTimezone: true,
  });
  return {
    apply: (request) => orm.em.fork().transactional((em) => applyIn(em, request)),
    close: () => orm.close(true),
  };
}

async function applyIn(em: EntityManager, request: Request): Promise<DecidedAlone> {
  const { organizationId, requestId, command } = request;
  const lockMode = LockMode.PESSIMISTIC_WRITE;
  const account = await em.findOneOrFail(AccountEntity, { organizationId }, { lockMode });
  const now = await clock(em);
  const earlier = await em.find(TransactionEntity, {
    organization_id: organizationId,
    request_id: requestId,
  });
  if (earlier.length > 0) throw new Error("a baseline repeats no request");
  const grants = await em.find(GrantEntity, { organizationId, open: true });
  const stored =
    "reservationId" in command
      ? await em.findOne(ReservationEntity, {
          organization_id: organizationId,
          reservation_id: command.reservationId,
        })
      : null;
  const decided = decideAlone(
    {
      account: fromRowAccount(account),
      headHash: account.headHash,
      now,
      grants: grants.map(fromRowGrant),
      reservation: stored ? fromRowReservation(stored) : undefined,
    },
    request,
  );
  if ("refusal" in decided) return decided;
  const { changes, sealed } = decided;
  em.assign(account, { ...toRowAccount(changes.account), headHash: sealed.hash });
  assignGrants(em, organizationId, grants, changes.grants);
  em.create(TransactionEntity, toRowTransaction(sealed));
  for (const reservation of changes.reservations.values()) {
    if (stored) em.assign(stored, toRowReservationUpdate(reservation));
    else em.create(ReservationEntity, toRowReservation(organizationId, reservation));
  }
  return decided;
}

async function clock(em: EntityManager) {
  const { rows } = await sql<{ now: string }>`select clock_timestamp() as now`.execute(em.getKysely());
  return fromRowTime(rows[0]?.now ?? "");
}

function assignGrants(
  em: EntityManager,
  organizationId: string,
  rows: readonly GrantRow[],
  changed: ReadonlyMap<string, Parameters<typeof toRowGrant>[1]>,
): void {
  for (const row of rows) {
    const grant = changed.get(row.grantId);
    if (grant) em.assign(row, toRowGrant(organizationId, grant));
  }
}

/** Columns that the load leaves empty. */
const NEVER_SET = {
  workspace_id: null,
  member_id: null,
  parent_run_id: null,
  labels: null,
  rate_card_version: null,
  pricing: null,
};

function fromRowReservation(stored: object): Reservation {
  // The entity has the columns' names, and the driver their text; an array is the one thing that comes as text.
  const row = stored as ReservationRow;
  const versions = String(row.versions).replaceAll(/[{}]/g, "").split(",");
  return fromRowOwnedReservation({ ...row, ...NEVER_SET, versions }).reservation;
}
