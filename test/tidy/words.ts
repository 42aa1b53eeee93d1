import { linesOf, type SourceFile } from "./source-file.ts";

interface BannedWord {
  readonly pattern: RegExp;
  readonly why: string;
  /** Where it is banned; everywhere if absent. */
  readonly where?: (path: string) => boolean;
}

const inSource = (path: string) => path.startsWith("src/");
const inDomain = (path: string) => path.startsWith("src/domain/");

const BANNED: readonly BannedWord[] = [
  { pattern: /\b(TODO|FIXME|XXX)\b/, why: "do it, or write down where it belongs" },
  { pattern: /\bas any\s*([;,)\]}>|&]|$)/, why: "switches the type checker off" },
  {
    pattern: /@ts-ignore/,
    why: "hides every error of the next line; @ts-expect-error with a reason tells one",
  },
  { pattern: /\.only\(/, why: "leaves all other tests out" },
  { pattern: /^export default\b|\bas default\b/, why: "a name given by the importer cannot be searched for" },
  {
    pattern: /\bconsole\.log\b/,
    why: "programs log through src/telemetry",
    where: (path) => !/^(scripts|bench|demo)\//.test(path),
  },
  {
    pattern: /\bprocess\.env\b/,
    why: "the environment is read in src/config.ts alone",
    where: (path) => inSource(path) && path !== "src/config.ts",
  },
  {
    pattern: /\bparseFloat\b|\.toFixed\(/,
    why: "no floating point touches an amount (R-AMT-1)",
    where: inDomain,
  },
  {
    pattern: /\bNumber\(.*micros|micros.*\bNumber\(/i,
    why: "no floating point touches an amount (R-AMT-1)",
    where: inDomain,
  },
];

/** Lines that contain what is banned where they stand. */
export function bannedWords(files: readonly SourceFile[]): string[] {
  return linesOf(files).flatMap(({ path, place, line }) =>
    BANNED.filter(({ pattern, where }) => (where?.(path) ?? true) && pattern.test(line)).map(
      ({ pattern, why }) => `${place}: ${pattern.exec(line)?.[0].trim()}: ${why}`,
    ),
  );
}
