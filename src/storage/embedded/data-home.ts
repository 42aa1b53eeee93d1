import { existsSync } from "node:fs";
import { readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { otherMajor } from "./data-directory.ts";
import { EmbeddedPostgresError } from "./embedded-postgres-error.ts";

/** Where everything of one database lives, inside the data directory. It appears whole, by one rename. */
export type DataHome = {
  readonly folder: string;
  /** What PostgreSQL calls its data directory; it and the log's folder belong to the user that runs it. */
  readonly cluster: string;
  readonly logFile: string;
  readonly passwordFile: string;
  readonly portFile: string;
};

/** The log is started anew beyond this size, and one older log is kept: it only ever holds warnings and errors. */
const LOG_BYTES_MAX = 10 * 1024 * 1024;

/** The major version is in the name, so that data of several versions can lie side by side. */
export function dataHomeName(major: string): string {
  return `postgres-${major}`;
}

export function dataHomeAt(folder: string): DataHome {
  return {
    folder,
    cluster: join(folder, "data"),
    logFile: join(folder, "log", "postgres.log"),
    passwordFile: join(folder, "password"),
    portFile: join(folder, "port"),
  };
}

/** Checks that existing data look whole, and answers the password to them. */
export async function readDataHome(home: DataHome, major: string): Promise<string> {
  const version = await readTextIfAny(join(home.cluster, "PG_VERSION"));
  if (version !== undefined && version !== major) {
    throw otherMajor({ folder: home.cluster, found: version, wanted: major });
  }
  const password = await readTextIfAny(home.passwordFile);
  const controlled = existsSync(join(home.cluster, "global", "pg_control"));
  if (version === undefined || !controlled || !password) {
    const missing = password ? "data/PG_VERSION or data/global/pg_control" : "password";
    throw new EmbeddedPostgresError(
      "data-directory-damaged",
      `${home.folder} is damaged (${missing} is missing); nothing was changed: restore it, or set ` +
        "PLEYOR_DATA_DIRECTORY to another folder",
    );
  }
  return password;
}

export async function readRememberedPort(home: DataHome): Promise<number | undefined> {
  const port = Number(await readTextIfAny(home.portFile));
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}

/** Written beside and renamed: whoever reads it meanwhile sees the old port or the new one, never half of one. */
export async function rememberPort(home: DataHome, port: number): Promise<void> {
  const draft = `${home.portFile}.${process.pid}`;
  await writeFile(draft, `${port}\n`);
  await rename(draft, home.portFile);
}

export async function rotateLog(home: DataHome): Promise<void> {
  const size = await stat(home.logFile).then(
    (status) => status.size,
    () => 0,
  );
  if (size > LOG_BYTES_MAX) {
    await rename(home.logFile, `${home.logFile}.1`);
  }
}

async function readTextIfAny(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}
