import { startEmbeddedPostgres } from "../../src/storage/embedded/embedded-postgres.ts";

// A process that owns an embedded PostgreSQL, for tests that kill it: it tells its parent about the start, and
// stops in order when the parent disconnects.
const [dataDirectory] = process.argv.slice(2);
const postgres = await startEmbeddedPostgres({
  dataDirectory: dataDirectory || undefined,
  log: (line) => process.stderr.write(`${line}\n`),
});
process.once("disconnect", () => {
  void postgres.stop();
});
process.send?.({ url: postgres.url, dataDirectory: postgres.dataDirectory });
