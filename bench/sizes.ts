import { createPool } from "./baseline/postgres-session.ts";

type SizeRow = Readonly<{
  name: string;
  rows: string;
  bytes: string;
  indexes: string[];
  index_bytes: string[];
}>;

const BYTES_PER_MB = 1_000_000;

/** What a ledger takes on disk, table by table and index by index. */
export async function sizesText(url: string): Promise<string> {
  const pool = createPool(url, 1);
  const client = await pool.connect();
  const { rows } = await client.query<SizeRow>(SELECT_SIZES);
  client.release();
  await pool.end();
  return rows.map(tableText).join("\n");
}

function tableText({ name, rows, bytes, indexes, index_bytes }: SizeRow): string {
  const each = Math.round(Number(bytes) / Math.max(Number(rows), 1));
  const parts = indexes.map((index, place) => `${index} ${megabytes(index_bytes[place] ?? "0")}`);
  return `  ${name}: ${megabytes(bytes)}, ${each} bytes a row; ${parts.join(", ")}`;
}

function megabytes(bytes: string): string {
  return `${(Number(bytes) / BYTES_PER_MB).toFixed(1)} MB`;
}

const SELECT_SIZES = `
  select c.relname as name, c.reltuples::bigint as rows, pg_table_size(c.oid) as bytes,
    array_agg(x.relname::text order by pg_relation_size(x.oid) desc) as indexes,
    array_agg(pg_relation_size(x.oid)::text order by pg_relation_size(x.oid) desc) as index_bytes
  from pg_class c join pg_index i on i.indrelid = c.oid join pg_class x on x.oid = i.indexrelid
  where c.relnamespace = 'public'::regnamespace and c.reltuples > 0
  group by c.oid having pg_table_size(c.oid) > 1000000
  order by pg_table_size(c.oid) desc`;
