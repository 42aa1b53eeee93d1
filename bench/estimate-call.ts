import { spawn } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { createCreditClient } from "../src/client/client.ts";

/**
 * What an estimate costs over the wire, beside the same client's call that does nothing but be answered (a balance
 * of nobody's is refused after one look). Bounded, and run by hand: `npx node bench/estimate-call.ts`.
 */
const CALLS = 4_000;
const IN_FLIGHT = 64;
const ROUNDS = 3;
const GRPC_PORT = "50951";

const server = spawn(process.execPath, [fileURLToPath(new URL("../src/main.ts", import.meta.url))], {
  env: { ...process.env, PLEYOR_GRPC_PORT: GRPC_PORT, PLEYOR_HTTP_PORT: "0", PLEYOR_LOG_LEVEL: "error" },
  stdio: ["ignore", "ignore", "inherit"],
});
const client = createCreditClient({ transport: "grpc", address: `127.0.0.1:${GRPC_PORT}` });
const settings = { max_tokens: 2000, service_tier: "flex" };
const calls: Readonly<Record<string, () => Promise<unknown>>> = {
  "EstimateCost, gpt-5": () =>
    client.prices.estimateCost({ modelId: "gpt-5", settings, knownUsage: { input_tokens: "1200" } }),
  "EstimateCost, refused": () => client.prices.estimateCost({ modelId: "nobody" }).catch(() => undefined),
  ListRateCards: () => client.prices.listRateCards({ pageSize: 1 }),
  "GetBalance, refused": () => client.credits.getBalance({ organizationId: "nobody" }).catch(() => undefined),
};

try {
  await client.prices.listRateCards({});
  console.log(`${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.version}`);
  for (const [name, call] of Object.entries(calls)) {
    await run(call, CALLS / 4);
    const rates: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) rates.push(await run(call, CALLS));
    const alone = await latency(call);
    console.log(
      `${name.padEnd(24)} ${String(Math.round(median(rates))).padStart(6)} calls/s with ${IN_FLIGHT} in flight, ` +
        `${alone.toFixed(2)} ms alone`,
    );
  }
} finally {
  client.close();
  server.kill("SIGTERM");
}

/** Calls a second. */
async function run(call: () => Promise<unknown>, count: number): Promise<number> {
  const start = performance.now();
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await call();
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return count / ((performance.now() - start) / 1_000);
}

async function latency(call: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < 300; index += 1) {
    const start = performance.now();
    await call();
    times.push(performance.now() - start);
  }
  return median(times);
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}
