import type { SourceFile } from "./source-file.ts";

const FILE_LINES_MAX = 300;
const FUNCTION_LINES_MAX = 70;

/** Files that are longer than a reader can hold in mind. */
export function longFiles(files: readonly SourceFile[]): string[] {
  return files
    .map(({ path, text }) => ({ path, lines: text.trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > FILE_LINES_MAX)
    .map(({ path, lines }) => `${path}: ${lines} lines, at most ${FILE_LINES_MAX}`);
}

/**
 * Functions that are too long. It relies on the formatter: a function ends at the first line that starts with a
 * brace at the indentation of its head. A `describe` holds tests as a file holds functions, and is not counted.
 */
export function longFunctions(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const lines = text.split("\n");
    return lines.flatMap((line, start) => {
      const length = opensFunction(line) ? lengthOfBlock(lines, start) : 0;
      return length > FUNCTION_LINES_MAX
        ? [`${path}:${start + 1}: ${length} lines, at most ${FUNCTION_LINES_MAX}`]
        : [];
    });
  });
}

/** A declaration, a line that ends by opening an arrow function or a method, or the last line of a long head. */
function opensFunction(line: string): boolean {
  if (/\bdescribe(\.\w+)?\(/.test(line)) {
    return false;
  }
  const declaration = /^\s*(export )?(async )?function\b/;
  const arrow = /=> \{$/;
  const method = /^\s+(?!(?:if|for|while|switch|catch|return|else)\b)[\w#* ]+(<.*>)?\(.*\{$/;
  const endOfLongHead = /^\s*\)(: .*)? \{$/;
  return [declaration, arrow, method, endOfLongHead].some((pattern) => pattern.test(line));
}

function lengthOfBlock(lines: readonly string[], start: number): number {
  const indentation = /^\s*/.exec(lines[start] ?? "")?.[0] ?? "";
  const end = lines.findIndex(
    // A destructured parameter closes its brace in the head, on a line that opens the body.
    (line, index) => index > start && line.startsWith(`${indentation}}`) && !line.endsWith("{"),
  );
  return end < 0 ? 0 : end - start + 1;
}
