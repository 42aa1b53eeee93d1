import type { Account } from "../../src/domain/ledger/account.ts";
import type { Request } from "../../src/domain/ledger/command.ts";
import type { Grant, GrantKind } from "../../src/domain/ledger/grant.ts";
import { fromRowOwnedReservation, type ReservationRow } from "../../src/storage/reservation-rows.ts";
import { fromRowTime, fromRowTimeOrNull } from "../../src/storage/timestamp.ts";
import type { Baseline } from "./baseline-ledger.ts";
import { type DecidedAlone, decideAlone, type Loaded } from "./decide-alone.ts";
import { createPool, type PostgresClient } from "./postgres-session.ts";
import {
  toRowAccountUpdate,
  toRowGrantUpdate,
  toRowReservation,
  toRowReservationUpdate,
  toRowTransaction,
} from "./row.ts";

type Texts<Name extends string> = Readonly<Record<Name, string>>;
type AccountRow = Texts<"version" | "update_time" | `${keyof typeof BALANCE}_micros`> &
  Readonly<{ next_due_time: string | null; head_hash: Buffer }>;
type GrantRow = Texts<"grant_id" | "create_time" | "reference" | "version" | `${Bucket | "amount"}_micros`> &
  Readonly<{ kind: GrantKind; expire_time: string | null; voided: boolean; spent_becomes_debt: boolean }>;
type Bucket = "free" | "held" | "consumed" | "expired" | "voided";
const BALANCE = { subscription: 0, promotional: 0, purchased: 0, reserved: 0, debt: 0 };

type Columns = Readonly<Record<string, unknown>>;

/** One transaction for each request, by prepared statements and no object between them and the rules. */
export function nodePostgresBaseline(url: string, connectionsMax: number): Baseline {
  const pool = createPool(url, connectionsMax);
  const apply = async (request: Request): Promise<DecidedAlone> => {
    const client = await pool.connect();
    try {
      await client.query("begin");
      const decided = await applyIn(client, request);
      await client.query("commit");
      client.release();
      return decided;
    } catch (error) {
      client.release(true);
      throw error;
    }
  };
  return { apply, close: () => pool.end() };
}

async function applyIn(client: PostgresClient, request: Request): Promise<DecidedAlone> {
  const { organizationId } = request;
  const loaded = await load(client, request);
  const decided = decideAlone(loaded, request);
  if ("refusal" in decided) return decided;
  const { changes, sealed } = decided;
  await insert(client, "transactions", toRowTransaction(sealed));
  for (const reservation of changes.reservations.values()) {
    const key = { organization_id: organizationId, reservation_id: reservation.reservationId };
    if (loaded.reservation) await update(client, "reservations", key, toRowReservationUpdate(reservation));
    else await insert(client, "reservations", toRowReservation(organizationId, reservation));
  }
  for (const grant of changes.grants.values()) {
    const key = { organization_id: organizationId, grant_id: grant.grantId };
    await update(client, "grants", key, toRowGrantUpdate(grant));
  }
  const account = toRowAccountUpdate(changes.account, sealed.hash);
  await update(client, "accounts", { organization_id: organizationId }, account);
  return decided;
}

async function load(
  client: PostgresClient,
  { organizationId, requestId, command }: Request,
): Promise<Loaded> {
  const account = await select<AccountRow>(
    client,
    "select * from accounts where organization_id = $1 for update",
    [organizationId],
  );
  // Both are read under the lock: the clock, and whether the request is new.
  const asked = await select<{ now: string; used: boolean }>(
    client,
    `select clock_timestamp() as now, exists (
      select from transactions where organization_id = $1 and request_id = $2) as used`,
    [organizationId, requestId],
  );
  const grants = await select<GrantRow>(client, "select * from grants where organization_id = $1 and open", [
    organizationId,
  ]);
  const reservations =
    "reservationId" in command
      ? await select<ReservationRow>(
          client,
          "select * from reservations where organization_id = $1 and reservation_id = $2",
          [organizationId, command.reservationId],
        )
      : [];
  const [row] = account;
  if (!row || asked[0]?.used) throw new Error("a baseline opens no organization and repeats no request");
  return {
    account: fromRowAccount(organizationId, row),
    headHash: row.head_hash.toString("hex"),
    now: fromRowTime(asked[0]?.now ?? ""),
    grants: grants.map(fromRowGrant),
    reservation: reservations.map((each) => fromRowOwnedReservation(each).reservation)[0],
  };
}

async function select<Row>(
  client: PostgresClient,
  text: string,
  values: readonly unknown[],
): Promise<readonly Row[]> {
  const { rows } = await client.query<Row>({ name: nameOf(text), text, values });
  return rows;
}

async function insert(client: PostgresClient, table: string, row: Columns): Promise<void> {
  const names = Object.keys(row);
  const places = names.map((_, index) => `$${index + 1}`);
  const text = `insert into ${table} (${names}) values (${places})`;
  await client.query({ name: nameOf(text), text, values: Object.values(row).map(toParameter) });
}

async function update(client: PostgresClient, table: string, key: Columns, row: Columns): Promise<void> {
  const names = Object.keys(row);
  const keys = Object.keys(key);
  const sets = names.map((name, index) => `${name} = $${index + 1}`);
  const matches = keys.map((name, index) => `${name} = $${names.length + index + 1}`);
  const text = `update ${table} set ${sets} where ${matches.join(" and ")}`;
  const values = [...Object.values(row), ...Object.values(key)].map(toParameter);
  await client.query({ name: nameOf(text), text, values });
}

/** A prepared statement's name: its beginning and its length tell these few apart. */
function nameOf(text: string): string {
  return `${text.slice(0, 40)} ${text.length}`;
}

function toParameter(value: unknown): unknown {
  return Array.isArray(value) ? JSON.stringify(value) : value;
}

function fromRowAccount(organizationId: string, row: AccountRow): Account {
  return {
    organizationId,
    version: BigInt(row.version),
    updateTime: fromRowTime(row.update_time),
    balance: {
      subscriptionMicros: BigInt(row.subscription_micros),
      promotionalMicros: BigInt(row.promotional_micros),
      purchasedMicros: BigInt(row.purchased_micros),
      reservedMicros: BigInt(row.reserved_micros),
      debtMicros: BigInt(row.debt_micros),
    },
    nextDueTime: fromRowTimeOrNull(row.next_due_time),
  };
}

function fromRowGrant(row: GrantRow): Grant {
  return {
    grantId: row.grant_id,
    kind: row.kind,
    amountMicros: BigInt(row.amount_micros),
    freeMicros: BigInt(row.free_micros),
    heldMicros: BigInt(row.held_micros),
    consumedMicros: BigInt(row.consumed_micros),
    expiredMicros: BigInt(row.expired_micros),
    voidedMicros: BigInt(row.voided_micros),
    createTime: fromRowTime(row.create_time),
    expireTime: fromRowTimeOrNull(row.expire_time),
    reference: row.reference,
    version: BigInt(row.version),
    voided: row.voided,
    spentBecomesDebt: row.spent_becomes_debt,
  };
}
