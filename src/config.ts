import { availableParallelism } from "node:os";
import { laneCount } from "./config/lane-count.ts";
import { type RawSettings, SettingsReader } from "./config/settings-reader.ts";

export type Config = {
  /** How many processes serve the two ports. */
  readonly workers: number;
  readonly database: {
    /** Absent: the embedded PostgreSQL. */
    readonly url?: string;
    /** The role that migrates, where it is not the one that serves. */
    readonly migrationUrl?: string;
    /** Where the embedded PostgreSQL keeps its data. */
    readonly dataDirectory?: string;
    /** Of all workers together. */
    readonly connectionsMax: number;
    readonly lockTimeoutMs: number;
    readonly idleInTransactionTimeoutMs: number;
    readonly statementTimeoutMs: number;
  };
  readonly listen: {
    readonly address: string;
    /** 0: any free port. */
    readonly grpcPort: number;
    /** 0: any free port. */
    readonly httpPort: number;
  };
  readonly lanes: {
    readonly count: number;
    /** How many organizations one transaction may change. */
    readonly scope: LaneScope;
    readonly batchCommandsMax: number;
    /** For each lane; beyond it, calls are refused. */
    readonly queueCommandsMax: number;
    /** A command that would wait longer is refused. */
    readonly queueWaitMsMax: number;
    /** The same, while a queue stands because more comes than can be worked off. */
    readonly standingWaitMsMax: number;
    readonly retryAttemptsMax: number;
  };
  readonly sweep: {
    readonly intervalMs: number;
    readonly organizationsMax: number;
  };
  /** Of usage, behind the transactions. */
  readonly rollUp: {
    readonly intervalMs: number;
    readonly transactionsMax: number;
  };
  readonly usage: {
    /** The longest that one statement of a question about usage may take. */
    readonly statementTimeoutMs: number;
  };
  readonly streams: {
    /** Of all workers together. */
    readonly streamsMax: number;
    readonly streamsPerConnectionMax: number;
    /** How often what is watched is compared with the database, whatever notifications say. */
    readonly compareMs: number;
    /** To all watchers together; endless changes are thinned out to it. */
    readonly messagesPerSecondMax: number;
    readonly stalledMs: number;
  };
  readonly admin: {
    /** Verifications and exports of a server at a time; each may take a database connection of its own. */
    readonly streamsMax: number;
  };
  readonly alerts: {
    readonly keptDays: number;
  };
  readonly limits: {
    /** The longest that a unary call may take, and the deadline of one that comes without. */
    readonly callDeadlineMsMax: number;
    readonly messageBytesMax: number;
    readonly drainTimeoutMs: number;
  };
  /** What a new installation sells. Absent: the example. */
  readonly catalogueFile?: string;
  /** Whether callers may set the clocks of organizations. */
  readonly testClocks: boolean;
  readonly logLevel: LogLevel;
};

export type LaneScope = (typeof LANE_SCOPES)[number];
export type LogLevel = (typeof LOG_LEVELS)[number];

const LANE_SCOPES = ["many", "one"] as const;
const SWITCH = ["off", "on"] as const;
const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

const LISTEN_ADDRESS = "PLEYOR_UNSAFE_LISTEN_ADDRESS_WITHOUT_AUTHENTICATION";
const OWN_PREFIX = "PLEYOR_";
const SHARED_NAMES = ["DATABASE_URL", "MIGRATION_DATABASE_URL", "WORKERS"];

/** A batch, and the reads beside it. */
const CONNECTIONS_OF_WORKER_MIN = 2;
/** As many as let a worker write two batches at once and read meanwhile. */
const CONNECTIONS_OF_WORKER = 4;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Takes from the environment what is ours. Nothing else reads it. */
export function readEnv(env: NodeJS.ProcessEnv): RawSettings {
  const ours = Object.entries(env).filter(
    ([name, value]) => (name.startsWith(OWN_PREFIX) || SHARED_NAMES.includes(name)) && value?.trim(),
  );
  return Object.fromEntries(ours.map(([name, value]) => [name, value?.trim() ?? ""]));
}

export function parseConfig(raw: RawSettings): Config {
  const read = new SettingsReader(raw);
  const workers = read.workers("WORKERS");
  const config: Config = {
    workers,
    database: {
      ...read.postgresUrl("url", "DATABASE_URL"),
      ...read.postgresUrl("migrationUrl", "MIGRATION_DATABASE_URL"),
      ...read.text("dataDirectory", "PLEYOR_DATA_DIRECTORY"),
      connectionsMax: read.integer("PLEYOR_DATABASE_CONNECTIONS_MAX", {
        default: Math.max(16, workers * CONNECTIONS_OF_WORKER),
        min: workers * CONNECTIONS_OF_WORKER_MIN,
        max: 1_000,
      }),
      lockTimeoutMs: read.integer("PLEYOR_LOCK_TIMEOUT_MS", { default: 5_000, min: 1, max: HOUR_MS }),
      idleInTransactionTimeoutMs: read.integer("PLEYOR_IDLE_IN_TRANSACTION_TIMEOUT_MS", {
        default: 10_000,
        min: 100,
        max: HOUR_MS,
      }),
      statementTimeoutMs: read.integer("PLEYOR_STATEMENT_TIMEOUT_MS", {
        default: 30_000,
        min: 1,
        max: HOUR_MS,
      }),
    },
    listen: {
      // Callers are trusted with every organization's credits, hence the name, and loopback unless it is used.
      address: read.address(LISTEN_ADDRESS, "127.0.0.1"),
      grpcPort: read.integer("PLEYOR_GRPC_PORT", { default: 50_051, min: 0, max: 65_535 }),
      httpPort: read.integer("PLEYOR_HTTP_PORT", { default: 8_080, min: 0, max: 65_535 }),
    },
    lanes: readLanes(read, workers),
    ...readBackground(read),
    // Below the 5 s after which the typed client gives an attempt up, so that it hears why.
    usage: {
      statementTimeoutMs: read.integer("PLEYOR_USAGE_STATEMENT_TIMEOUT_MS", {
        default: 4_000,
        min: 1,
        max: HOUR_MS,
      }),
    },
    streams: readStreams(read),
    admin: { streamsMax: read.integer("PLEYOR_ADMIN_STREAMS_MAX", { default: 2, min: 1, max: 100 }) },
    alerts: { keptDays: read.integer("PLEYOR_ALERTS_KEPT_DAYS", { default: 30, min: 1, max: 3_650 }) },
    limits: {
      callDeadlineMsMax: read.integer("PLEYOR_CALL_DEADLINE_MS_MAX", {
        default: 60_000,
        min: 10,
        max: HOUR_MS,
      }),
      // A batch of 1,000 reservations with all their labels is 6 MiB of letters; others may need up to four bytes.
      messageBytesMax: read.integer("PLEYOR_MESSAGE_BYTES_MAX", {
        default: 16 * 1024 * 1024,
        min: 1_024,
        max: 256 * 1024 * 1024,
      }),
      drainTimeoutMs: read.integer("PLEYOR_DRAIN_TIMEOUT_MS", { default: 10_000, min: 0, max: HOUR_MS }),
    },
    ...read.text("catalogueFile", "PLEYOR_CATALOGUE_FILE"),
    // Whoever may set a clock can let credits expire, hence the name, and never unless a server was started for it.
    testClocks: read.oneOf("PLEYOR_UNSAFE_TEST_CLOCKS", { default: "off", values: SWITCH }) === "on",
    logLevel: read.oneOf("PLEYOR_LOG_LEVEL", { default: "info", values: LOG_LEVELS }),
  };
  refuseClash(read, config);
  read.finish();
  return config;
}

function readLanes(read: SettingsReader, workers: number): Config["lanes"] {
  return {
    count: read.integer("PLEYOR_LANES", {
      default: laneCount(availableParallelism(), workers),
      min: 1,
      max: 256,
    }),
    scope: read.oneOf("PLEYOR_LANE_SCOPE", { default: "many", values: LANE_SCOPES }),
    batchCommandsMax: read.integer("PLEYOR_BATCH_COMMANDS_MAX", { default: 512, min: 1, max: 10_000 }),
    queueCommandsMax: read.integer("PLEYOR_QUEUE_COMMANDS_MAX", {
      default: 20_000,
      min: 1,
      max: 1_000_000,
    }),
    queueWaitMsMax: read.integer("PLEYOR_QUEUE_WAIT_MS_MAX", { default: 500, min: 1, max: HOUR_MS }),
    standingWaitMsMax: read.integer("PLEYOR_STANDING_WAIT_MS_MAX", { default: 15, min: 1, max: HOUR_MS }),
    retryAttemptsMax: read.integer("PLEYOR_RETRY_ATTEMPTS_MAX", { default: 8, min: 1, max: 100 }),
  };
}

/** What goes on by itself, beside the calls. */
function readBackground(read: SettingsReader): Pick<Config, "sweep" | "rollUp"> {
  const organizations = { default: 200, min: 1, max: 100_000 };
  const transactions = { default: 10_000, min: 1, max: 100_000 };
  return {
    sweep: {
      intervalMs: read.integer("PLEYOR_SWEEP_INTERVAL_MS", { default: 1_000, min: 10, max: DAY_MS }),
      organizationsMax: read.integer("PLEYOR_SWEEP_ORGANIZATIONS_MAX", organizations),
    },
    rollUp: {
      intervalMs: read.integer("PLEYOR_ROLL_UP_INTERVAL_MS", { default: 1_000, min: 1, max: DAY_MS }),
      transactionsMax: read.integer("PLEYOR_ROLL_UP_TRANSACTIONS_MAX", transactions),
    },
  };
}

function readStreams(read: SettingsReader): Config["streams"] {
  return {
    streamsMax: read.integer("PLEYOR_STREAMS_MAX", { default: 20_000, min: 1, max: 1_000_000 }),
    // Below the streams of HTTP/2 that a connection may have, so that calls fit beside them.
    streamsPerConnectionMax: read.integer("PLEYOR_STREAMS_PER_CONNECTION_MAX", {
      default: 1_000,
      min: 1,
      max: 1_000,
    }),
    compareMs: read.integer("PLEYOR_COMPARE_INTERVAL_MS", { default: 1_000, min: 10, max: HOUR_MS }),
    // Beside a full spend path a message costs this process 22 to 28 us of CPU, alone 8: this is a seventh of a core,
    // and ten thousand watchers of something that never rests get one in less than two seconds.
    messagesPerSecondMax: read.integer("PLEYOR_STREAM_MESSAGES_PER_SECOND_MAX", {
      default: 5_500,
      min: 1,
      max: 1_000_000,
    }),
    stalledMs: read.integer("PLEYOR_STREAM_STALLED_MS", { default: 60_000, min: 1_000, max: DAY_MS }),
  };
}

function refuseClash(read: SettingsReader, { listen, database }: Config): void {
  if (listen.grpcPort === listen.httpPort && listen.grpcPort !== 0) {
    read.fault(`PLEYOR_GRPC_PORT and PLEYOR_HTTP_PORT must differ; both are ${listen.grpcPort}`);
  }
  if (database.migrationUrl !== undefined && database.url === undefined) {
    read.fault("MIGRATION_DATABASE_URL needs DATABASE_URL: the embedded PostgreSQL has one role only");
  }
}
