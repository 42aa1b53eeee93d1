import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { writeThirdPartyProtos } from "./third-party-protos.ts";

/**
 * Refuses changes of the protos that break callers of the git base: BREAKING_AGAINST, else origin/main, else main.
 * Third-party protos are not in git, so they are written beside the base's: buf compares only what compiles.
 */
async function main(): Promise<number> {
  const named = process.env.BREAKING_AGAINST;
  const base = (named ? [named] : ["origin/main", "main"]).find(isCommit);
  if (base === undefined) {
    console.log(
      `proto:breaking: not compared: this checkout has no commit ${named ?? "origin/main or main"}.`,
    );
    // Who names a base wants the comparison; a checkout without history can't give one.
    return named ? 1 : 0;
  }
  const protos = git("ls-tree", "-r", "--name-only", "-z", base, "--", "proto").split("\0");
  const paths = protos.filter((path) => path.endsWith(".proto"));
  if (paths.length === 0) {
    console.log(`proto:breaking: ${base} has no protos yet, so there is nothing to break.`);
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), "proto-breaking-"));
  try {
    copyFileSync("buf.yaml", join(folder, "buf.yaml"));
    await writeThirdPartyProtos(join(folder, "third_party/proto"));
    for (const path of paths) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), git("show", `${base}:${path}`));
    }
    const { status } = spawnSync("buf", ["breaking", "--against", folder], { stdio: "inherit" });
    console.log(
      `proto:breaking: ${status === 0 ? "nothing breaks" : "failed"} against ${base} (${paths.length} files).`,
    );
    return status ?? 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function isCommit(ref: string): boolean {
  return spawnSync("git", ["rev-parse", "--verify", "--quiet", `${ref}^{commit}`]).status === 0;
}

function git(...args: string[]): string {
  return execFileSync("git", args, { encoding: "utf8", maxBuffer: 100_000_000 });
}

process.exitCode = await main();
