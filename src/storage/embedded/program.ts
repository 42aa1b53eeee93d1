import { type ChildProcess, spawn } from "node:child_process";
import { parse } from "node:path";
import type { Account } from "./account.ts";

/** How long the output of a program that has ended may stay open; see below. */
const OUTPUT_GRACE_MS = 500;

export type ProgramResult = {
  readonly succeeded: boolean;
  readonly output: string;
};

/**
 * Runs a program to its end, as `account` if one is given, and never throws.
 *
 * It starts in the root folder, because the account may be unable to enter ours, and in a session of its own,
 * because Ctrl-C in a terminal must reach the service only: it then stops PostgreSQL in order. It inherits none of
 * our environment: a `PGDATA` or `PGOPTIONS` of the user's must not reach this server.
 *
 * The signal ends it, and what it has started, in order; the result comes when it has ended.
 */
export function runProgram(
  path: string,
  programArguments: readonly string[],
  account?: Account,
  signal?: AbortSignal,
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const child = spawn(path, programArguments, {
      cwd: parse(path).root,
      env: { LC_ALL: "C", PATH: "/usr/local/bin:/usr/bin:/bin" },
      stdio: ["ignore", "pipe", "pipe"],
      detached: process.platform !== "win32",
      windowsHide: true,
      ...(account && { uid: account.uid, gid: account.gid }),
    });
    const end = (): void => terminate(child);
    signal?.addEventListener("abort", end);
    if (signal?.aborted) end();
    let output = "";
    const collect = (chunk: string): void => {
      output += chunk;
    };
    child.stdout.setEncoding("utf8").on("data", collect);
    child.stderr.setEncoding("utf8").on("data", collect);
    child.on("error", (error) => resolve({ succeeded: false, output: error.message }));
    child.on("close", (code, killedBy) => {
      signal?.removeEventListener("abort", end);
      resolve({ succeeded: code === 0, output: output.trim() || `exit ${killedBy ?? code}` });
    });
    // On Windows the server that pg_ctl starts inherits these pipes and would keep them open for good.
    child.on("exit", () => {
      setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, OUTPUT_GRACE_MS).unref();
    });
  });
}

/** With all of its group, which it leads. */
function terminate(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined || process.platform === "win32") {
    child.kill();
    return;
  }
  try {
    process.kill(-pid, "SIGTERM");
  } catch {
    // It has ended meanwhile.
  }
}
