import { stat } from "node:fs/promises";
import { EmbeddedPostgresError } from "./embedded-postgres-error.ts";
import { runProgram } from "./program.ts";

/** The system user that PostgreSQL runs as, where that is not the user of this process. */
export type Account = {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
};

/** `nobody` exists on every Unix; `postgres` is better where it exists, for no other service runs as it. */
const ACCOUNT_NAMES = ["postgres", "nobody"];

/** PostgreSQL refuses to run as root: the account to run it as then, else undefined (ourselves, or Windows). */
export async function chooseAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) {
    return undefined;
  }
  for (const name of ACCOUNT_NAMES) {
    const [uid, gid] = await Promise.all([systemId("-u", name), systemId("-g", name)]);
    if (uid !== undefined && gid !== undefined) {
      return await checkSwitch({ name, uid, gid });
    }
  }
  throw new EmbeddedPostgresError(
    "account-missing",
    "PostgreSQL refuses to run as root, and this machine has neither a user postgres nor a user nobody; " +
      "start the service as an ordinary user, or set DATABASE_URL",
  );
}

/**
 * The account for data that exist: their owner, whoever that is. It keeps a folder working that an ordinary user
 * made and root starts now, or that `nobody` owns while a user `postgres` has appeared since.
 */
export async function accountOwning(
  folder: string,
  chosen: Account | undefined,
): Promise<Account | undefined> {
  if (chosen === undefined) {
    return undefined;
  }
  const { uid, gid } = await stat(folder);
  if (uid === 0) {
    throw new EmbeddedPostgresError(
      "data-directory-damaged",
      `${folder} belongs to root, and PostgreSQL refuses to run as root; give it back with ` +
        `"chown -R ${chosen.name} ${folder}"`,
    );
  }
  return uid === chosen.uid ? chosen : { name: `uid ${uid}`, uid, gid };
}

/** Whether the account can read (`r`), write (`w`) or enter and execute (`x`) a path, asked of the system itself. */
export async function accountCan(account: Account, right: "r" | "w" | "x", path: string): Promise<boolean> {
  const { succeeded } = await runProgram("/bin/sh", ["-c", `test -${right} "$1"`, "sh", path], account);
  return succeeded;
}

/** Root of a container is not always allowed to become somebody else. */
async function checkSwitch(account: Account): Promise<Account> {
  if (await accountCan(account, "x", "/")) {
    return account;
  }
  throw new EmbeddedPostgresError(
    "account-missing",
    `PostgreSQL refuses to run as root, and this process may not run it as user ${account.name} ` +
      "(CAP_SETUID and CAP_SETGID are missing); start the service as an ordinary user, or set DATABASE_URL",
  );
}

async function systemId(option: "-u" | "-g", name: string): Promise<number | undefined> {
  const { succeeded, output } = await runProgram("id", [option, name]);
  return succeeded ? Number(output) : undefined;
}
