import type { Send } from "../../src/rpc/endpoint.ts";
import { Handover } from "../../src/rpc/handover.ts";

/** What is sent, for a test that pulls it: it begins with the first pull, and waits until each is asked for. */
export async function* pulled<T>(begin: (send: Send<T>) => Promise<void>): AsyncGenerator<T> {
  const messages = new Handover<T>();
  const ended = begin((message) => new Promise((taken) => messages.put(message, taken)));
  ended.then(
    () => messages.end(),
    () => messages.end(),
  );
  yield* messages;
  await ended;
}
