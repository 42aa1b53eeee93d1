import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, chown, mkdir, open, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Account } from "./account.ts";
import type { Binaries } from "./binaries.ts";
import { type DataHome, dataHomeAt } from "./data-home.ts";
import { makeDraftFolder } from "./draft-folder.ts";
import { EmbeddedPostgresError } from "./embedded-postgres-error.ts";
import { runProgram } from "./program.ts";

/** The PostgreSQL user that owns everything in the embedded server. */
export const SUPERUSER = "pleyor";

type Using = {
  readonly binaries: Binaries;
  readonly account: Account | undefined;
  readonly signal: AbortSignal | undefined;
};

/**
 * Makes the data home: a new cluster, its random password, its log folder. All of it is made under another name
 * and renamed at the end, so that a start which is killed in the middle leaves nothing that looks like data.
 */
export async function initializeDataHome(home: DataHome, using: Using): Promise<void> {
  const draft = dataHomeAt(await makeDraftFolder(dirname(home.folder)));
  try {
    await fillDraft(draft, using);
    await rename(draft.folder, home.folder);
    await syncFolder(dirname(home.folder));
  } catch (error) {
    // Two first starts at once: the other one's rename came first, and its data serve both.
    if (!existsSync(home.folder)) {
      throw error;
    }
  } finally {
    await rm(draft.folder, { recursive: true, force: true });
  }
}

async function fillDraft(draft: DataHome, using: Using): Promise<void> {
  // The account passes through this folder, but can neither list nor change what is ours in it.
  await chmod(draft.folder, using.account === undefined ? 0o700 : 0o711);
  const logFolder = dirname(draft.logFile);
  const passwordForInitdb = join(draft.folder, "password-for-initdb");
  const password = randomBytes(32).toString("base64url");
  await mkdir(draft.cluster, { mode: 0o700 });
  await mkdir(logFolder, { mode: 0o700 });
  await writeFile(draft.passwordFile, `${password}\n`, { mode: 0o600 });
  await writeFile(passwordForInitdb, `${password}\n`, { mode: 0o600 });
  if (using.account !== undefined) {
    const { uid, gid } = using.account;
    await Promise.all([draft.cluster, logFolder, passwordForInitdb].map((path) => chown(path, uid, gid)));
  }
  await runInitdb(draft, { ...using, passwordForInitdb });
  await rm(passwordForInitdb);
  await syncFolder(draft.folder);
}

async function runInitdb(draft: DataHome, using: Using & { passwordForInitdb: string }): Promise<void> {
  const { succeeded, output } = await runProgram(
    using.binaries.initdb,
    [
      ...["--pgdata", draft.cluster, "--username", SUPERUSER, "--pwfile", using.passwordForInitdb],
      ...["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--data-checksums"],
    ],
    using.account,
    using.signal,
  );
  using.signal?.throwIfAborted();
  if (!succeeded) {
    const reason = /^initdb: error: .*$/m.exec(output)?.[0] ?? output;
    throw new EmbeddedPostgresError("start-failed", `PostgreSQL could not make its data folder: ${reason}`);
  }
}

/** A rename survives a power cut only once its folder is on the disk; Windows cannot open folders, and need not. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") {
    return;
  }
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
