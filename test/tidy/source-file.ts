import { existsSync, globSync, readFileSync } from "node:fs";

/** One file of the project: its path from the root, with forward slashes, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** All TypeScript files below these folders; a folder that doesn't exist has none. */
export function readSources(...folders: readonly string[]): SourceFile[] {
  return folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => globSync(`${folder}/**/*.ts`))
    .map((path) => ({ path: path.replaceAll("\\", "/"), text: readFileSync(path, "utf8") }));
}

/** Each line of each file, with the place to show for it. */
export function linesOf(files: readonly SourceFile[]): { path: string; place: string; line: string }[] {
  return files.flatMap(({ path, text }) =>
    text.split("\n").map((line, index) => ({ path, place: `${path}:${index + 1}`, line })),
  );
}
