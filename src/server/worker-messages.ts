import type { DoorAddresses } from "../rpc/doors.ts";
import type { MetricsState } from "../telemetry/metrics-state.ts";
import type { ReadyDatabase } from "./start-database.ts";

/** What a worker needs beside the settings, which it reads from the same environment. */
export type ServeOrder = Readonly<{
  worker: number;
  database: ReadyDatabase;
  /** Never 0: all workers listen on the same. */
  ports: Readonly<{ grpcPort: number; httpPort: number }>;
}>;

/** What a worker is told. */
export type ToWorker =
  | Readonly<{ kind: "serve"; order: ServeOrder }>
  | Readonly<{ kind: "stop" }>
  | Readonly<{ kind: "tell metrics"; question: number }>
  | Readonly<{ kind: "all metrics"; question: number; metrics: MetricsState }>;

/** What a worker tells. */
export type FromWorker =
  | Readonly<{ kind: "serving"; addresses: DoorAddresses }>
  /** It could not start; `line` is for the person who starts the service, where that can mend it. */
  | Readonly<{ kind: "failed"; line: string }>
  | Readonly<{ kind: "metrics"; question: number; metrics: MetricsState }>
  /** Somebody has asked this worker for the metrics of all. */
  | Readonly<{ kind: "ask metrics"; question: number }>;
