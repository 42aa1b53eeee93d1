import type { PostgresClient, PostgresPool } from "./postgres-session.ts";

type Parameters = Readonly<Record<string, string | Buffer | null>>;

/** All that one batch writes, as PostgreSQL's bytes of arrays: nothing is left to do but to send it. */
export type PreparedBatch = Readonly<{
  transactions: Parameters;
  inserts: Parameters;
  updates: Parameters;
  account: Parameters;
  /** The ids that are looked up first. */
  requestIds: Parameters[string];
  reservationIds: Parameters[string];
  operations: number;
}>;

/** A table's columns and their types, but for the organization, as the database has them now. */
type Columns = Readonly<Record<string, string>>;
type Tables = Readonly<{ transactions: Columns; reservations: Columns; changes: Columns }>;

/** What the end of a hold changes of its row. */
const RESERVATION_CHANGES = [
  "state",
  "holds",
  "settled_micros",
  "payments",
  "debt_micros",
  "late",
  "end_time",
  "end_version",
  "versions",
];

/** What a reservation was when it was made, where it is another by now. */
const WHEN_RESERVED: Readonly<Record<string, string>> = {
  state: "'HELD'",
  settled_micros: "null",
  payments: "'[]'",
  debt_micros: "0",
  late: "false",
  end_time: "null",
  end_version: "null",
  versions: "r.versions[1:1]",
};

/**
 * The bare SQL of a batch: the rows that the service wrote, written again in another database by one statement a
 * table. Lock, look-ups, inserts, updates, commit; nothing is decided, hashed, converted or validated.
 */
export class BatchSql {
  readonly #client: PostgresClient;
  readonly #organizationId: string;
  readonly #tables: Tables;
  readonly #updateReservations: string;
  /** By what they insert: batches have other columns filled. */
  readonly #inserts = new Map<string, Readonly<{ name: string; text: string }>>();

  constructor(client: PostgresClient, organizationId: string, tables: Tables) {
    this.#client = client;
    this.#organizationId = organizationId;
    this.#tables = tables;
    this.#updateReservations = updateOf("reservations", "reservation_id", tables.changes);
  }

  async apply(batch: PreparedBatch): Promise<void> {
    await this.#client.query("begin");
    await this.#send("lock", "select * from accounts where organization_id = $1 for update", []);
    await this.#client.query("select clock_timestamp()");
    await this.#send("grants", "select * from grants where organization_id = $1 and open", []);
    await this.#send("requests", LOOK_UP_REQUESTS, [batch.requestIds]);
    await this.#send("reservations", LOOK_UP_RESERVATIONS, [batch.reservationIds]);
    await this.#insert("transactions", batch.transactions);
    await this.#insert("reservations", batch.inserts);
    await this.#send("update reservations", this.#updateReservations, Object.values(batch.updates));
    await this.#send("update grant", UPDATE_GRANT, [batch.account.subscription, batch.account.reserved]);
    await this.#send("update account", UPDATE_ACCOUNT, Object.values(batch.account));
    await this.#client.query("commit");
  }

  #insert(table: "transactions" | "reservations", rows: Parameters): Promise<unknown> {
    const names = Object.keys(rows);
    const key = `${table} ${names}`;
    const columns = Object.fromEntries(names.map((name) => [name, this.#tables[table][name] ?? ""]));
    const insert = this.#inserts.get(key) ?? {
      name: `insert ${this.#inserts.size}`,
      text: insertOf(table, columns),
    };
    this.#inserts.set(key, insert);
    return this.#send(insert.name, insert.text, Object.values(rows));
  }

  #send(name: string, text: string, values: readonly unknown[]): Promise<unknown> {
    return this.#client.query({ name, text, values: [this.#organizationId, ...values] });
  }
}

const LOOK_UP_REQUESTS = `
  select t.request_id, t.request_ordinal, t.fingerprint, t.kind, t.effective_time, t.version
  from (select unnest($2::uuid[]) i) k join transactions t on t.organization_id = $1 and t.request_id = k.i`;
const LOOK_UP_RESERVATIONS = `
  select r.* from (select unnest($2::uuid[]) i) k
  join reservations r on r.organization_id = $1 and r.reservation_id = k.i`;
const UPDATE_GRANT = `
  update grants set free_micros = $2::bigint - $3::bigint, held_micros = $3,
    consumed_micros = amount_micros - $2::bigint
  where organization_id = $1 and kind = 'SUBSCRIPTION'`;
const UPDATE_ACCOUNT = `
  update accounts set subscription_micros = $2, reserved_micros = $3, version = $4, update_time = $5,
    head_hash = $6, next_due_time = $7
  where organization_id = $1`;

function insertOf(table: string, columns: Columns): string {
  return `insert into ${table} (organization_id, ${Object.keys(columns)})
    select $1, ${elementsOf(columns)} from ${unnestOf(columns)}`;
}

function updateOf(table: string, key: string, columns: Columns): string {
  const { [key]: keyType = "", ...changed } = columns;
  const sets = Object.entries(changed).map(([name, type]) => `${name} = ${elementsOf({ [name]: type })}`);
  return `update ${table} t set ${sets} from ${unnestOf({ [key]: keyType, ...changed })}
    where t.organization_id = $1 and t.${key} = u.${key}`;
}

/** An array of arrays would have to be a matrix, so each of these travels as text. */
function unnestOf(columns: Columns): string {
  const elements = Object.entries(columns).map(
    ([name, type], index) => `unnest($${index + 2}::${elementType(type)}[]) ${name}`,
  );
  return `(select ${elements}) u`;
}

function elementType(type: string): string {
  return type.endsWith("[]") ? "text" : type;
}

function elementsOf(columns: Columns): readonly string[] {
  return Object.entries(columns).map(([name, type]) =>
    type.endsWith("[]") ? `u.${name}::${type}` : `u.${name}`,
  );
}

/** Looks them up, so that a column which is added to the ledger is in the comparison by itself. */
export async function readTables(client: PostgresClient): Promise<Tables> {
  const transactions = await columnsOf(client, "transactions");
  const reservations = await columnsOf(client, "reservations");
  const names = ["reservation_id", ...RESERVATION_CHANGES];
  const changes = Object.fromEntries(names.map((name) => [name, reservations[name] ?? ""]));
  return { transactions, reservations, changes };
}

async function columnsOf(client: PostgresClient, table: string): Promise<Columns> {
  const { rows } = await client.query<{ name: string; type: string }>({
    text: `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
      where attrelid = $1::regclass and attnum > 0 and not attisdropped and attname <> 'organization_id'
      order by attnum`,
    values: [table],
  });
  return Object.fromEntries(rows.map(({ name, type }) => [name, type]));
}

/** Reads back what the service wrote, in batches of so many operations. */
export async function prepareBatches(
  pool: PostgresPool,
  organizationId: string,
  operations: number,
): Promise<readonly PreparedBatch[]> {
  const client = await pool.connect();
  const { rows } = await client.query<{ version: string }>({
    text: "select version from accounts where organization_id = $1",
    values: [organizationId],
  });
  const last = Number(rows[0]?.version ?? 0);
  const tables = await readTables(client);
  const batches: PreparedBatch[] = [];
  for (let from = OPENING_VERSIONS + 1; from + operations - 1 <= last; from += operations)
    batches.push(await prepareBatch(client, tables, { organizationId, from, operations }));
  client.release();
  return batches;
}

/** The grants that opened the organization. */
const OPENING_VERSIONS = 2;

type Range = Readonly<{ organizationId: string; from: number; operations: number }>;

async function prepareBatch(client: PostgresClient, tables: Tables, range: Range): Promise<PreparedBatch> {
  const read = async (select: string, rest: string): Promise<Parameters> => {
    const values = [range.organizationId, range.from, range.from + range.operations - 1];
    const { rows } = await client.query<Parameters>({ text: `select ${select} ${rest}`, values });
    return rows[0] ?? {};
  };
  const within = "t.organization_id = $1 and t.version between $2 and $3";
  const joined = `from transactions t join reservations r using (organization_id, reservation_id) where ${within}`;
  const transactions = await read(
    arraysOf(tables.transactions, "t", {}),
    `from transactions t where ${within}`,
  );
  const updates = await read(arraysOf(tables.changes, "r", {}), `${joined} and t.kind = 'SETTLE'`);
  const inserts = await read(
    arraysOf(tables.reservations, "r", WHEN_RESERVED),
    `${joined} and t.kind = 'RESERVE'`,
  );
  return {
    transactions: filled(transactions),
    inserts: filled(inserts),
    updates,
    account: await read(
      ACCOUNT_AFTER,
      `from transactions t join accounts a using (organization_id)
      where t.organization_id = $1 and t.version = $3 and t.version > $2`,
    ),
    requestIds: transactions.request_id ?? null,
    reservationIds: updates.reservation_id ?? null,
    operations: range.operations,
  };
}

/** Without the columns in which no row has anything, as the service does it. */
function filled(rows: Parameters): Parameters {
  return Object.fromEntries(Object.entries(rows).filter(([, array]) => array !== null));
}

const ACCOUNT_AFTER = `t.subscription_micros as subscription, t.reserved_micros as reserved, t.version,
  t.effective_time, t.hash, a.next_due_time`;

/** As bytes, for which no text need be read; null where no row has anything. */
function arraysOf(columns: Columns, table: string, instead: Readonly<Record<string, string>>): string {
  return Object.entries(columns)
    .map(([name, type]) => {
      const value = `(${instead[name] ?? `${table}.${name}`})::${elementType(type)}`;
      const bytes = `array_send(array_agg(${value} order by t.version))`;
      return `case when bool_or(${value} is not null) then ${bytes} end as ${name}`;
    })
    .join(", ");
}
