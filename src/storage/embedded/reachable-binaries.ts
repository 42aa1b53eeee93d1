import { chmodSync, cpSync, existsSync, readdirSync, statSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { type Account, accountCan } from "./account.ts";
import type { Binaries } from "./binaries.ts";
import { makeDraftFolder } from "./draft-folder.ts";

/** What the names of copied binaries in a data directory start with. */
export const BINARIES_PREFIX = "binaries-";

/**
 * The binaries where the account can run them: as installed, or else copied into the data directory. Root's
 * checkout often lies in /root, which nobody else may enter. One copy is kept for each version of the package.
 */
export async function reachableBinaries(
  binaries: Binaries,
  at: { dataDirectory: string; account: Account | undefined },
): Promise<Binaries> {
  if (at.account === undefined || (await accountReaches(at.account, binaries))) {
    return binaries;
  }
  const copy = join(at.dataDirectory, `${BINARIES_PREFIX}${binaries.packageVersion}-${process.arch}`);
  if (!existsSync(copy)) {
    await copyBinaries({ from: binaries.folder, to: copy });
  }
  const moved = (path: string): string => join(copy, relative(binaries.folder, path));
  return {
    ...binaries,
    folder: copy,
    initdb: moved(binaries.initdb),
    pgCtl: moved(binaries.pgCtl),
    postgres: moved(binaries.postgres),
  };
}

/** initdb reads `share` and the server loads `lib`; one file of each stands for the rest, which npm wrote alike. */
async function accountReaches(account: Account, binaries: Binaries): Promise<boolean> {
  const answers = await Promise.all([
    accountCan(account, "x", binaries.postgres),
    accountCan(account, "r", join(binaries.folder, "share", "postgresql", "postgres.bki")),
    accountCan(account, "x", join(binaries.folder, "lib", "postgresql")),
  ]);
  return answers.every(Boolean);
}

/** Copies into a draft and renames, so that a copy that was broken off is never taken for a whole one. */
async function copyBinaries(path: { from: string; to: string }): Promise<void> {
  const draft = await makeDraftFolder(dirname(path.to));
  try {
    // 60 MB in a thousand files: 40 ms this way and half a second asynchronously, while nothing else runs yet.
    cpSync(path.from, draft, { recursive: true, verbatimSymlinks: true });
    openToEverybody(draft);
    await rename(draft, path.to);
  } catch (error) {
    // Two first starts at once: the other one's copy is as good as ours.
    if (!existsSync(path.to)) {
      throw error;
    }
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Under a strict umask the originals, and so the copies, are closed to other users. */
function openToEverybody(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      openToEverybody(path);
    } else if (entry.isFile()) {
      chmodSync(path, (statSync(path).mode & 0o100) === 0 ? 0o644 : 0o755);
    }
  }
}
