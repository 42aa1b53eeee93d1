import { spawn, spawnSync } from "node:child_process";

/** Where a line of the README is run, and which servers its addresses stand for. */
export type Place = Readonly<{ root: string; grpcAddress: string; httpUrl: string }>;

/** What a person would see, of both streams, and the exit status. */
export type Printed = Readonly<{ text: string; status: number | null }>;

/**
 * Runs a line that the README tells a person to type. Where grpcurl is not
 * installed, buf makes the same call, by reflection too; where curl is not, fetch does.
 */
export function runConsoleLine(line: string, { root, grpcAddress, httpUrl }: Place): Promise<Printed> {
  const here = line.replaceAll("127.0.0.1:50051", grpcAddress).replaceAll("http://127.0.0.1:8080", httpUrl);
  const [program = "", ...args] = wordsOf(here);
  switch (program) {
    case "grpcurl":
      return isInstalled(program) ? run(program, args) : runAsBuf(root, args);
    case "npx":
      return run(`${root}/node_modules/.bin/${args[0]}`, args.slice(1));
    case "npm":
      return runScript(root, args);
    case "curl":
      return isInstalled(program) ? run(program, args) : fetchAsCurl(args);
    default:
      throw new Error(`the README should not run ${program}`);
  }
}

/** `npm run -s NAME -- ARGUMENTS`, without npm: it is not where a pinned Node is. */
function runScript(root: string, args: readonly string[]): Promise<Printed> {
  const [, , name] = args;
  return run(process.execPath, [`scripts/${name}.ts`, ...args.slice(args.indexOf("--") + 1)], root);
}

function runAsBuf(root: string, args: readonly string[]): Promise<Printed> {
  const data = args[args.indexOf("-d") + 1] ?? "";
  const [address, method] = args.slice(-2);
  const options = ["curl", "--protocol", "grpc", "--http2-prior-knowledge", "-d", data];
  return run(`${root}/node_modules/.bin/buf`, [...options, `http://${address}/${method}`]);
}

async function fetchAsCurl(args: readonly string[]): Promise<Printed> {
  const [name = "", value = ""] = (args[args.indexOf("-H") + 1] ?? "").split(": ");
  const answer = await fetch(args.at(-1) ?? "", {
    method: "POST",
    headers: { [name]: value },
    body: args[args.indexOf("-d") + 1] ?? "",
  });
  return { text: await answer.text(), status: 0 };
}

/** Runs a program while this process goes on: the server that it calls may live here. */
export function run(program: string, args: readonly string[], cwd?: string): Promise<Printed> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
    }
    child.on("error", reject);
    child.on("close", (status) => resolve({ text: text.endsWith("\n") ? text : `${text}\n`, status }));
  });
}

function isInstalled(program: string): boolean {
  return spawnSync(program, ["--version"]).error === undefined;
}

/** As a shell splits a line that has no quotes but single ones. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}
