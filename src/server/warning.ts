import { isIPv4 } from "node:net";
import type { Config } from "../config.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";

/** Says once, in the log, what makes this server one that not everybody should reach. */
export function warnOfOpenDoors({ listen: { address }, testClocks }: Config, telemetry: Telemetry): void {
  if (testClocks) telemetry.testClocksServed();
  if (!isLoopback(address)) telemetry.listeningBeyondLoopback(address);
}

export function isLoopback(address: string): boolean {
  return address === "localhost" || address === "::1" || (isIPv4(address) && address.startsWith("127."));
}
