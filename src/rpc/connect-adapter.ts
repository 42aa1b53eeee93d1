import { createConnectRouter } from "@connectrpc/connect";
import {
  type ConnectNodeAdapterOptions,
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import type { HttpHandler } from "./http-port.ts";

type ConnectAdapterOptions = ConnectNodeAdapterOptions &
  Readonly<{
    fallback: HttpHandler;
    /** Hears of answers that could not be written although their callers are still there. */
    onError: (error: unknown) => void;
  }>;

/**
 * Serves Connect's routes, as its own adapter does. That one prints a stack to stderr, past the log, for every
 * caller that leaves in the middle of an answer; a stream's callers mostly do.
 */
export function serveConnect({ fallback, onError, ...options }: ConnectAdapterOptions): HttpHandler {
  const router = createConnectRouter({ acceptCompression: [compressionGzip, compressionBrotli], ...options });
  options.routes(router);
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
  return (request, response) => {
    const handler = handlers.get(request.url?.split("?", 1)[0] ?? "");
    if (!handler) {
      fallback(request, response);
      return;
    }
    const contextValues = options.contextValues?.(request);
    const asked = universalRequestFromNodeRequest(request, response, undefined, contextValues);
    handler(asked)
      .then((answer) => universalResponseToNodeResponse(answer, response))
      .catch((error: unknown) => {
        // Whether the caller has left is known after the write that failed for it.
        setImmediate(() => {
          if (!asked.signal.aborted) onError(error);
        });
      });
  };
}
