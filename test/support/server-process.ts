import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const START_TIMEOUT_MS = 45_000;

/** The service as a process of its own, as `npm start` runs it, that a test may kill and start again. */
export class ServerProcess {
  readonly grpcAddress: string;
  readonly httpUrl: string;
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  #output = "";

  private constructor(ports: readonly [grpc: number, http: number], env: Readonly<Record<string, string>>) {
    const [grpc, http] = ports;
    this.grpcAddress = `127.0.0.1:${grpc}`;
    this.httpUrl = `http://127.0.0.1:${http}`;
    this.#env = {
      PLEYOR_GRPC_PORT: String(grpc),
      PLEYOR_HTTP_PORT: String(http),
      PLEYOR_LOG_LEVEL: "error",
      ...env,
    };
  }

  /** Starts it on free ports; it keeps them when it is started again. */
  static async start(env: Readonly<Record<string, string>>): Promise<ServerProcess> {
    const server = new ServerProcess([await freePort(), await freePort()], env);
    await server.start();
    return server;
  }

  /** What it has printed since it was first started, both streams together. */
  get output(): string {
    return this.#output;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves once it answers that it is healthy. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [MAIN], { env: { ...process.env, ...this.#env } });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (text: Buffer) => {
        this.#output += text.toString();
      });
    }
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!(await this.isHealthy())) {
      if (child.exitCode !== null || Date.now() > deadline)
        throw new Error(`it did not start: ${this.#output}`);
    }
  }

  async isHealthy(): Promise<boolean> {
    const answer = await fetch(`${this.httpUrl}/healthz`).catch(() => undefined);
    await answer?.text();
    return answer?.ok ?? false;
  }

  /** Ends it by a signal and resolves, once it is gone, to its exit code; null where the signal killed it. */
  end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    return new Promise((resolve) => {
      if (!child || child.exitCode !== null || child.signalCode !== null)
        return resolve(child?.exitCode ?? null);
      child.once("exit", resolve);
      child.kill(signal);
    });
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("a server without a port");
  return address.port;
}
