import { createHash } from "node:crypto";
import { accessSync, constants, realpathSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { type Account, accountCan } from "./account.ts";

/**
 * Where the data live if nobody says otherwise. They must survive restarts, so never in a folder for temporary
 * files, and the user that runs PostgreSQL must reach them:
 *
 * 1. `.data/postgres` in the checkout, where that is possible;
 * 2. else, as root, `/var/lib/pleyor-credits/<hash>`: the checkout is in /root or /tmp, for example;
 * 3. else `~/.local/share/pleyor-credits/<hash>`.
 *
 * The hash is of the checkout's path, so that two checkouts never share their data.
 */
export async function defaultDataDirectory(account: Account | undefined): Promise<string> {
  const checkout = resolve(fileURLToPath(new URL("../../..", import.meta.url)));
  const usable = account === undefined ? isWritable(checkout) : await accountCan(account, "x", checkout);
  if (usable && !isTemporary(checkout)) {
    return join(checkout, ".data", "postgres");
  }
  const name = createHash("sha256").update(checkout).digest("hex").slice(0, 12);
  const parent = account === undefined ? join(homedir(), ".local", "share") : "/var/lib";
  return join(parent, "pleyor-credits", name);
}

/** Whether a folder is one of those that systems empty, at a restart or by age. */
export function isTemporary(folder: string): boolean {
  return ["/tmp", "/var/tmp", "/dev/shm", "/run", tmpdir()].some((temporary) =>
    [temporary, realPath(temporary)].some((root) => folder === root || folder.startsWith(root + sep)),
  );
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
