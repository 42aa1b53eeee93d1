/** Lets go of the requests at once: thousands of streams would keep them for as long as they last. */
export async function onlyOf<Request>(requests: AsyncIterable<Request>): Promise<Request> {
  for await (const request of requests) return request;
  throw new Error("a stream without a request");
}
