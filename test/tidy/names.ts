import type { SourceFile } from "./source-file.ts";

const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*$/;
/** Names of drawers into which anything fits, so that nothing is found in them again. */
const DRAWERS = /^(.*-)?(utils?|helpers?|managers?|types|common)$/;

/** Files and folders that are not in kebab-case. */
export function misspelledNames(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => !namesIn(path).every((name) => KEBAB_CASE.test(name)))
    .map(({ path }) => `${path}: not in kebab-case`);
}

/** Files and folders that are named after no noun of the domain. */
export function drawers(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => namesIn(path).some((name) => DRAWERS.test(name)))
    .map(({ path }) => `${path}: name it after what it holds`);
}

function namesIn(path: string): string[] {
  return path.replace(/(\.test)?\.ts$/, "").split("/");
}
