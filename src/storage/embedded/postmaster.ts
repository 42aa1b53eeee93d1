import { execFile } from "node:child_process";
import { constants, readFileSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** The server process that runs on a cluster now. */
export type Postmaster = {
  readonly pid: number;
  readonly port: number;
};

/** The name of PostgreSQL's own lock file: line 1 is the pid, line 4 the port. */
const LOCK_FILE = "postmaster.pid";

/**
 * Finds the server that runs on the cluster, if one does: the one of a service that runs, or one that a killed
 * service left behind. A pid alone proves nothing, since after a restart of the machine or container another
 * process may have it: the process must be a PostgreSQL of this very cluster.
 */
export async function findPostmaster(cluster: string): Promise<Postmaster | undefined> {
  const lines = await readFile(join(cluster, LOCK_FILE), "utf8").then(
    (text) => text.split("\n"),
    () => [],
  );
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  if (!Number.isInteger(pid) || pid <= 0) {
    return undefined;
  }
  return (await isPostmasterOf(cluster, pid)) ? { pid, port: Number.isInteger(port) ? port : 0 } : undefined;
}

export async function isPostmasterOf(cluster: string, pid: number): Promise<boolean> {
  if (!processExists(pid)) {
    return false;
  }
  if (process.platform === "win32") {
    return true;
  }
  const command = await commandOf(pid);
  return command.includes("postgres") && command.includes(cluster);
}

/** Whether a process with this pid runs, ours or not. One that was killed and waits to be buried does not. */
export function processExists(pid: number): boolean {
  return isPidTaken(pid) && !isZombie(pid);
}

/**
 * Lets PostgreSQL start although its lock file names a living process, which `findPostmaster` found to be no
 * PostgreSQL of this cluster. It is not for us to delete the file, because PostgreSQL also reads in it whether
 * some of its processes outlived their server. But it takes the pid of pg_ctl's parent, which is us, for its own
 * from an earlier life: with our pid in the first line it checks the rest, and then replaces the file itself.
 */
export async function disownLockFile(cluster: string): Promise<void> {
  const path = join(cluster, LOCK_FILE);
  const text = await readFile(path, "utf8").catch(() => undefined);
  const pid = Number(text?.split("\n")[0]);
  if (text === undefined || !Number.isInteger(pid) || !isPidTaken(pid)) {
    return;
  }
  // The folder belongs to another user where we are root, so a symlink in it is not followed.
  const handle = await open(path, constants.O_RDWR | constants.O_TRUNC | constants.O_NOFOLLOW);
  try {
    await handle.writeFile(text.replace(/^.*/, String(process.pid)));
  } finally {
    await handle.close();
  }
}

/** What PostgreSQL asks of the pid in its lock file: a zombie has it too, until its parent has noticed. */
function isPidTaken(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function isZombie(pid: number): boolean {
  try {
    return process.platform === "linux" && /\) Z [^)]*$/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** /proc where there is one, since small images have no `ps`. A process that has ended meanwhile has no command. */
async function commandOf(pid: number): Promise<string> {
  try {
    if (process.platform === "linux") {
      return (await readFile(`/proc/${pid}/cmdline`, "utf8")).replaceAll("\0", " ");
    }
    return (await promisify(execFile)("ps", ["-ww", "-o", "command=", "-p", String(pid)])).stdout;
  } catch {
    return "";
  }
}
