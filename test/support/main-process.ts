import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { RawSettings } from "../../src/config/settings-reader.ts";

/** The service's main program, as its parent sees it. */
export type MainProcess = Readonly<{
  process: ChildProcess;
  stdout: () => string;
  stderr: () => string;
  greeted: Promise<void>;
}>;

export function startMain(settings: RawSettings): MainProcess {
  const child = spawn(process.execPath, ["src/main.ts"], { env: { ...process.env, ...settings } });
  const { promise: greeted, resolve, reject } = Promise.withResolvers<void>();
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    if (stdout.includes("/CreateGrant\n\n")) resolve();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.once("exit", () => reject(new Error(`it ended: ${stderr}`)));
  // A test that expects it to end does not wait for the greeting.
  greeted.catch(() => undefined);
  return { process: child, stdout: () => stdout, stderr: () => stderr, greeted };
}

export async function exitCodeOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null) await once(child, "close");
  return child.exitCode;
}
