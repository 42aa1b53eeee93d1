import type { Json } from "./model.ts";

/** Equal values give equal texts, whatever the order of names in their objects. */
export function canonicalJson(value: Json): string {
  return JSON.stringify(value, (_name, part: unknown) =>
    typeof part !== "object" || part === null || Array.isArray(part)
      ? part
      : Object.fromEntries(Object.entries(part).sort(([left], [right]) => (left < right ? -1 : 1))),
  );
}
