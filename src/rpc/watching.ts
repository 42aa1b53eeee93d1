import type { AlertBook } from "../service/alert-book.ts";
import type { Hub } from "../stream/hub.ts";
import type { StreamLimit } from "../stream/stream-limit.ts";

/** What streams, and the readings beside them, are served from. */
export type Watching = Readonly<{ alerts: AlertBook; hub: Hub; streams: StreamLimit }>;
