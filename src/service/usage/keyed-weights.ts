import { hash, randomBytes } from "node:crypto";
import type { Weights } from "../../domain/usage/usage-fingerprint.ts";

const SECRET_BYTES = 32;

/** Weights by a secret that is made here and that nobody learns. */
export function keyedWeights(): Weights {
  const secret = randomBytes(SECRET_BYTES).toString("hex");
  return (name) => {
    const digest = hash("sha256", `${secret} ${name}`, "buffer");
    const [first, second, third, fourth] = [0, 8, 16, 24].map((place) => digest.readBigUInt64BE(place));
    return [first ?? 0n, second ?? 0n, third ?? 0n, fourth ?? 0n];
  };
}

/** In which of so many parts of about the same size a name is. */
export function partOf(name: string, parts: number): number {
  return hash("sha256", name, "buffer").readUInt32BE(0) % parts;
}
