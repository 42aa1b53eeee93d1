/** The settings as text, by the name of their environment variable. Absent and empty are the same. */
export type RawSettings = Readonly<Record<string, string>>;

export type Config = {
  readonly database: {
    /** Absent: the embedded PostgreSQL. */
    readonly url?: string;
    /** The role that migrates, where it is not the one that serves. */
    readonly migrationUrl?: string;
    /** Where the embedded PostgreSQL keeps its data. */
    readonly dataDirectory?: string;
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
  readonly streams: {
    readonly streamsMax: number;
    readonly streamsPerConnectionMax: number;
    /** How often what is watched is compared with the database, whatever notifications say. */
    readonly compareMs: number;
    /** To all watchers together; endless changes are thinned out to it. */
    readonly messagesPerSecondMax: number;
    readonly stalledMs: number;
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
const SHARED_NAMES = ["DATABASE_URL", "MIGRATION_DATABASE_URL"];

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Every fault of the settings at once, one line each, naming its variable and never showing a URL. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join("\n"));
    this.faults = faults;
  }
}

/** Takes from the environment what is ours. Nothing else reads it. */
export function readEnv(env: NodeJS.ProcessEnv): RawSettings {
  const ours = Object.entries(env).filter(
    ([name, value]) => (name.startsWith(OWN_PREFIX) || SHARED_NAMES.includes(name)) && value?.trim(),
  );
  return Object.fromEntries(ours.map(([name, value]) => [name, value?.trim() ?? ""]));
}

export function parseConfig(raw: RawSettings): Config {
  const read = new SettingsReader(raw);
  const config: Config = {
    database: {
      ...read.postgresUrl("url", "DATABASE_URL"),
      ...read.postgresUrl("migrationUrl", "MIGRATION_DATABASE_URL"),
      ...read.text("dataDirectory", "PLEYOR_DATA_DIRECTORY"),
      connectionsMax: read.integer("PLEYOR_DATABASE_CONNECTIONS_MAX", { default: 16, min: 2, max: 1_000 }),
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
    lanes: {
      count: read.integer("PLEYOR_LANES", { default: 4, min: 1, max: 256 }),
      scope: read.oneOf("PLEYOR_LANE_SCOPE", { default: "many", values: LANE_SCOPES }),
      batchCommandsMax: read.integer("PLEYOR_BATCH_COMMANDS_MAX", { default: 512, min: 1, max: 10_000 }),
      queueCommandsMax: read.integer("PLEYOR_QUEUE_COMMANDS_MAX", {
        default: 20_000,
        min: 1,
        max: 1_000_000,
      }),
      retryAttemptsMax: read.integer("PLEYOR_RETRY_ATTEMPTS_MAX", { default: 8, min: 1, max: 100 }),
    },
    ...readBackground(read),
    streams: readStreams(read),
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
  read.refuseClash(config);
  read.finish();
  return config;
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
    // A message costs 15 to 25 us of this process, so this is about a tenth of a core; and ten thousand watchers of
    // something that never rests get one in less than two seconds.
    messagesPerSecondMax: read.integer("PLEYOR_STREAM_MESSAGES_PER_SECOND_MAX", {
      default: 6_000,
      min: 1,
      max: 1_000_000,
    }),
    stalledMs: read.integer("PLEYOR_STREAM_STALLED_MS", { default: 60_000, min: 1_000, max: DAY_MS }),
  };
}

/** Reads settings by name and gathers what is wrong with them, so that one start shows every fault. */
class SettingsReader {
  readonly #raw: RawSettings;
  readonly #known = new Set<string>();
  readonly #faults: string[] = [];

  constructor(raw: RawSettings) {
    this.#raw = raw;
  }

  integer(name: string, range: { default: number; min: number; max: number }): number {
    const text = this.#take(name);
    if (text === undefined) {
      return range.default;
    }
    const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= range.min && value <= range.max) {
      return value;
    }
    this.#faults.push(`${name} must be a whole number from ${range.min} to ${range.max}, not "${text}"`);
    return range.default;
  }

  oneOf<Value extends string>(name: string, choice: { default: Value; values: readonly Value[] }): Value {
    const text = this.#take(name);
    const value = choice.values.find((candidate) => candidate === text);
    if (text !== undefined && value === undefined) {
      this.#faults.push(`${name} must be one of ${choice.values.join(", ")}, not "${text}"`);
    }
    return value ?? choice.default;
  }

  /** A path or the like: answered under `key`, so that an absent setting is an absent property. */
  text<Key extends string>(key: Key, name: string): { [name in Key]?: string } {
    const text = this.#take(name);
    return (text === undefined ? {} : { [key]: text }) as { [name in Key]?: string };
  }

  /** The value is not shown if it is wrong, because it holds a password. */
  postgresUrl<Key extends string>(key: Key, name: string): { [name in Key]?: string } {
    const text = this.#raw[name];
    if (text !== undefined && !(URL.canParse(text) && /^postgres(ql)?:$/.test(new URL(text).protocol))) {
      this.#faults.push(`${name} must be a URL like postgres://user:password@host:5432/database`);
    } else if (text !== undefined && !isDecodable(new URL(text))) {
      this.#faults.push(`${name} has a % that no two hexadecimal digits follow; a % itself is written %25`);
    }
    return this.text(key, name);
  }

  address(name: string, byDefault: string): string {
    const text = this.#take(name) ?? byDefault;
    if (/[\s/]/.test(text) || /^[^:]*:\d+$/.test(text)) {
      this.#faults.push(`${name} must be an IP address or a host name without a port, not "${text}"`);
    }
    return text;
  }

  refuseClash({ listen, database }: Config): void {
    if (listen.grpcPort === listen.httpPort && listen.grpcPort !== 0) {
      this.#faults.push(`PLEYOR_GRPC_PORT and PLEYOR_HTTP_PORT must differ; both are ${listen.grpcPort}`);
    }
    if (database.migrationUrl !== undefined && database.url === undefined) {
      this.#faults.push(
        "MIGRATION_DATABASE_URL needs DATABASE_URL: the embedded PostgreSQL has one role only",
      );
    }
  }

  /** A misspelt name would else be a setting that silently does nothing. */
  finish(): void {
    const unknown = Object.keys(this.#raw).filter((name) => !this.#known.has(name));
    this.#faults.push(...unknown.map((name) => `${name} is not a setting of this service`));
    if (this.#faults.length > 0) {
      throw new ConfigError(this.#faults);
    }
  }

  #take(name: string): string | undefined {
    this.#known.add(name);
    return this.#raw[name] || undefined;
  }
}

function isDecodable({ username, password, hostname, pathname }: URL): boolean {
  try {
    return [username, password, hostname, pathname].map(decodeURIComponent).length > 0;
  } catch {
    return false;
  }
}
