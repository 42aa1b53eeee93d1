import { join, resolve } from "node:path";
import { type Account, accountOwning, chooseAccount } from "./account.ts";
import { locateBinaries, serverVersion } from "./binaries.ts";
import { admitAccount, inspectDataDirectory, makeDataDirectory } from "./data-directory.ts";
import { dataHomeAt, dataHomeName, readDataHome } from "./data-home.ts";
import { defaultDataDirectory, isTemporary } from "./default-data-directory.ts";
import { removeAbandonedDrafts } from "./draft-folder.ts";
import { EmbeddedPostgresError } from "./embedded-postgres-error.ts";
import { initializeDataHome } from "./initialize.ts";
import type { ControlledServer } from "./pg-ctl.ts";
import { reachableBinaries } from "./reachable-binaries.ts";

/** Everything that a start needs: binaries that run, data that are ours, the account between them, the password. */
export type PreparedServer = ControlledServer & {
  readonly dataDirectory: string;
  readonly password: string;
  readonly version: string;
};

/** Faults of the file system itself, which no check foresees: the message names the call and the path. */
const FILE_SYSTEM_CODES = [
  "EACCES",
  "EPERM",
  "ENOENT",
  "ENOTDIR",
  "ELOOP",
  "EINVAL",
  "EROFS",
  "ENOSPC",
  "EDQUOT",
  "ENAMETOOLONG",
  "EIO",
];

export async function prepareServer(options: {
  dataDirectory: string | undefined;
  log: (line: string) => void;
  signal: AbortSignal | undefined;
}): Promise<PreparedServer> {
  const { log, signal } = options;
  const chosen = await chooseAccount();
  const wanted = resolve(options.dataDirectory ?? (await defaultDataDirectory(chosen)));
  if (isTemporary(wanted)) {
    log(`warning: the data are in ${wanted}, and systems empty such folders`);
  }
  try {
    return await prepareIn({ wanted, chosen, log, signal });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === undefined || !FILE_SYSTEM_CODES.includes(code)) {
      throw cause;
    }
    throw new EmbeddedPostgresError(
      "data-directory-unreachable",
      `the data directory ${wanted} cannot be used by this user: ${message}; ` +
        "start as the user that it belongs to, or set PLEYOR_DATA_DIRECTORY to another folder",
      { cause },
    );
  }
}

async function prepareIn(to: {
  wanted: string;
  chosen: Account | undefined;
  log: (line: string) => void;
  signal: AbortSignal | undefined;
}): Promise<PreparedServer> {
  const installed = await locateBinaries();
  const dataDirectory = await makeDataDirectory(to.wanted, to.chosen);
  const major = installed.packageVersion.split(".")[0] ?? "";
  const home = dataHomeAt(join(dataDirectory, dataHomeName(major)));
  const found = await inspectDataDirectory(dataDirectory, dataHomeName(major));
  if (found === "existing") {
    await readDataHome(home, major);
  }
  const account = found === "existing" ? await accountOwning(home.cluster, to.chosen) : to.chosen;
  await admitAccount(dataDirectory, account);
  const binaries = await reachableBinaries(installed, { dataDirectory, account });
  const version = await serverVersion(binaries, account);
  to.signal?.throwIfAborted();
  if (found === "empty") {
    await initializeDataHome(home, { binaries, account, signal: to.signal });
    to.log(`made new data of PostgreSQL ${version} in ${dataDirectory}`);
  }
  await removeAbandonedDrafts(dataDirectory);
  const password = await readDataHome(home, major);
  return { binaries, account, home, dataDirectory, password, version };
}
