import { spawnSync } from "node:child_process";

/** `biome ci` colors its output even where nobody sees colors. */
const BIOME_COLORS = process.stdout.isTTY ? [] : ["--colors=off"];

/** What must hold before a commit, in the order in which a failure explains the next ones. */
const STEPS: readonly { readonly name: string; readonly run: () => boolean }[] = [
  { name: "generate", run: () => npmRun("generate") },
  { name: "gen/ is committed as generated", run: isGeneratedCodeInGit },
  { name: "format and lint", run: () => command("biome", "ci", "--error-on-warnings", ...BIOME_COLORS) },
  { name: "proto:lint", run: () => npmRun("proto:lint") },
  { name: "proto:breaking", run: () => npmRun("proto:breaking") },
  { name: "types", run: () => npmRun("types") },
  { name: "tidy", run: () => command("mocha", "test/tidy.test.ts") },
];

/** Against the index, so that a change which is staged with its generated code passes before it is committed. */
function isGeneratedCodeInGit(): boolean {
  const changed = spawnSync("git", ["diff", "--exit-code", "--stat", "--", "gen"], { stdio: "inherit" });
  const list = ["ls-files", "--others", "--exclude-standard", "--", "gen"];
  const untracked = spawnSync("git", list, { encoding: "utf8" });
  process.stdout.write(untracked.stdout);
  return changed.status === 0 && untracked.status === 0 && untracked.stdout === "";
}

function npmRun(script: string): boolean {
  return command("npm", "run", "--silent", script);
}

function command(name: string, ...args: string[]): boolean {
  return spawnSync(name, args, { stdio: "inherit" }).status === 0;
}

const failed = STEPS.filter(({ name, run }) => {
  console.log(`\ncheck: ${name}`);
  return !run();
});

console.log();
for (const { name } of failed) {
  console.log(`check: failed: ${name}`);
}
console.log(`check: ${STEPS.length - failed.length} of ${STEPS.length} steps passed`);
// The number of failed steps, for whoever adds up.
process.exitCode = failed.length;
