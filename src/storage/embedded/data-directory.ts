import { chmod, mkdir, readdir, readFile, realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Account, accountCan } from "./account.ts";
import { isDraftName } from "./draft-folder.ts";
import { EmbeddedPostgresError } from "./embedded-postgres-error.ts";
import { BINARIES_PREFIX } from "./reachable-binaries.ts";

/** Names that say nothing about whose folder it is: the root of a mounted volume, and what Finder leaves. */
const NEUTRAL_NAMES = ["lost+found", ".DS_Store"];

/** Makes the folder if it is missing, and answers its real path. Nothing in it is touched. */
export async function makeDataDirectory(folder: string, account: Account | undefined): Promise<string> {
  await makeFolder(folder, account);
  return await realpath(folder);
}

/** Checks that the account gets into the data directory. */
export async function admitAccount(folder: string, account: Account | undefined): Promise<void> {
  if (account === undefined || (await accountCan(account, "x", folder))) {
    return;
  }
  // A new, empty folder may be closed (mkdir -m 700): it was given to us, so open it for passing through.
  if ((await readdir(folder)).length === 0) {
    await chmod(folder, 0o711);
  }
  if (!(await accountCan(account, "x", folder))) {
    throw new EmbeddedPostgresError(
      "data-directory-unreachable",
      `user ${account.name}, which runs PostgreSQL, cannot enter ${folder}; ` +
        "set PLEYOR_DATA_DIRECTORY to a folder outside those that only root may enter",
    );
  }
}

/**
 * Whether the directory holds data of this major version of ours ("existing") or nothing yet ("empty").
 * Anything else is refused, and left exactly as it is.
 */
export async function inspectDataDirectory(folder: string, homeName: string): Promise<"existing" | "empty"> {
  const names = await readdir(folder);
  if (names.includes(homeName)) {
    return "existing";
  }
  const other = names.map((name) => /^postgres-(\d+)$/.exec(name)?.[1]).find((major) => major !== undefined);
  if (other !== undefined) {
    throw otherMajor({ folder, found: other, wanted: homeName });
  }
  if (names.includes("PG_VERSION")) {
    const found = (await readFile(join(folder, "PG_VERSION"), "utf8")).trim();
    throw new EmbeddedPostgresError(
      "data-directory-foreign",
      `${folder} is the data folder of a PostgreSQL ${found} that this service did not make; ` +
        "set PLEYOR_DATA_DIRECTORY to an empty folder, or start that server and set DATABASE_URL",
    );
  }
  const foreign = names.find((name) => !isOurs(name));
  if (foreign !== undefined) {
    throw new EmbeddedPostgresError(
      "data-directory-foreign",
      `${folder} is not empty and was not made by this service (it holds "${foreign}"); ` +
        "set PLEYOR_DATA_DIRECTORY to an empty folder",
    );
  }
  return "empty";
}

export function otherMajor(of: { folder: string; found: string; wanted: string }): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    "data-directory-other-major",
    `${of.folder} holds data of PostgreSQL ${of.found}, and this service brings ${of.wanted}; ` +
      "dump them with the version that wrote them, or set PLEYOR_DATA_DIRECTORY to another folder",
  );
}

function isOurs(name: string): boolean {
  return name.startsWith(BINARIES_PREFIX) || isDraftName(name) || NEUTRAL_NAMES.includes(name);
}

/** Parents are made passable whatever the umask is: the account must get through them. */
async function makeFolder(folder: string, account: Account | undefined): Promise<void> {
  const exists = await stat(folder).then(
    (status) => status.isDirectory(),
    () => false,
  );
  if (exists) {
    return;
  }
  const parent = dirname(folder);
  if (parent !== folder) {
    await makeFolder(parent, account);
  }
  // Not recursively, which never ends in /proc.
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => mendedMeanwhile(folder, error));
  await chmod(folder, account === undefined ? 0o700 : 0o711);
}

/** Two first starts at once make it both; but what is there may be no folder. */
async function mendedMeanwhile(folder: string, error: NodeJS.ErrnoException): Promise<void> {
  if (error.code !== "EEXIST") throw error;
  if ((await stat(folder).catch(() => undefined))?.isDirectory()) return;
  throw new EmbeddedPostgresError(
    "data-directory-unreachable",
    `${folder} is not a folder; set PLEYOR_DATA_DIRECTORY to one, or to a path where one can be made`,
  );
}
