import { availableParallelism } from "node:os";
import { expect } from "chai";
import { laneCount } from "../src/config/lane-count.ts";
import { ConfigError } from "../src/config/settings-reader.ts";
import { parseConfig, readEnv } from "../src/config.ts";

function faultsOf(raw: Record<string, string>): readonly string[] {
  try {
    parseConfig(raw);
  } catch (error) {
    expect(error).to.be.instanceOf(ConfigError);
    return (error as ConfigError).faults;
  }
  return [];
}

describe("config", () => {
  it("runs without any setting: embedded PostgreSQL, loopback only", () => {
    expect(parseConfig({})).to.deep.equal({
      workers: 1,
      database: {
        connectionsMax: 16,
        lockTimeoutMs: 5_000,
        idleInTransactionTimeoutMs: 10_000,
        statementTimeoutMs: 30_000,
      },
      listen: { address: "127.0.0.1", grpcPort: 50_051, httpPort: 8_080 },
      lanes: {
        count: laneCount(availableParallelism(), 1),
        scope: "many",
        batchCommandsMax: 512,
        queueCommandsMax: 20_000,
        queueWaitMsMax: 500,
        standingWaitMsMax: 15,
        retryAttemptsMax: 8,
      },
      sweep: { intervalMs: 1_000, organizationsMax: 200 },
      rollUp: { intervalMs: 1_000, transactionsMax: 10_000 },
      usage: { statementTimeoutMs: 4_000 },
      streams: {
        streamsMax: 20_000,
        streamsPerConnectionMax: 1_000,
        compareMs: 1_000,
        messagesPerSecondMax: 5_500,
        stalledMs: 60_000,
      },
      admin: { streamsMax: 2 },
      alerts: { keptDays: 30 },
      limits: { callDeadlineMsMax: 60_000, messageBytesMax: 16_777_216, drainTimeoutMs: 10_000 },
      testClocks: false,
      logLevel: "info",
    });
  });

  const settings: [name: string, text: string, read: (config: ReturnType<typeof parseConfig>) => unknown][] =
    [
      ["DATABASE_URL", "postgres://a:b@db:5432/credits", (config) => config.database.url],
      ["WORKERS", "3", (config) => config.workers],
      ["PLEYOR_DATA_DIRECTORY", "/srv/credits", (config) => config.database.dataDirectory],
      ["PLEYOR_DATABASE_CONNECTIONS_MAX", "32", (config) => config.database.connectionsMax],
      ["PLEYOR_LOCK_TIMEOUT_MS", "1500", (config) => config.database.lockTimeoutMs],
      [
        "PLEYOR_IDLE_IN_TRANSACTION_TIMEOUT_MS",
        "1500",
        (config) => config.database.idleInTransactionTimeoutMs,
      ],
      ["PLEYOR_STATEMENT_TIMEOUT_MS", "1500", (config) => config.database.statementTimeoutMs],
      ["PLEYOR_UNSAFE_LISTEN_ADDRESS_WITHOUT_AUTHENTICATION", "::", (config) => config.listen.address],
      ["PLEYOR_GRPC_PORT", "0", (config) => config.listen.grpcPort],
      ["PLEYOR_HTTP_PORT", "0", (config) => config.listen.httpPort],
      ["PLEYOR_LANES", "8", (config) => config.lanes.count],
      ["PLEYOR_LANE_SCOPE", "one", (config) => config.lanes.scope],
      ["PLEYOR_BATCH_COMMANDS_MAX", "64", (config) => config.lanes.batchCommandsMax],
      ["PLEYOR_QUEUE_COMMANDS_MAX", "100", (config) => config.lanes.queueCommandsMax],
      ["PLEYOR_QUEUE_WAIT_MS_MAX", "300", (config) => config.lanes.queueWaitMsMax],
      ["PLEYOR_STANDING_WAIT_MS_MAX", "30", (config) => config.lanes.standingWaitMsMax],
      ["PLEYOR_RETRY_ATTEMPTS_MAX", "3", (config) => config.lanes.retryAttemptsMax],
      ["PLEYOR_SWEEP_INTERVAL_MS", "250", (config) => config.sweep.intervalMs],
      ["PLEYOR_SWEEP_ORGANIZATIONS_MAX", "10", (config) => config.sweep.organizationsMax],
      ["PLEYOR_USAGE_STATEMENT_TIMEOUT_MS", "900", (config) => config.usage.statementTimeoutMs],
      ["PLEYOR_STREAMS_MAX", "7", (config) => config.streams.streamsMax],
      ["PLEYOR_STREAMS_PER_CONNECTION_MAX", "7", (config) => config.streams.streamsPerConnectionMax],
      ["PLEYOR_COMPARE_INTERVAL_MS", "70", (config) => config.streams.compareMs],
      ["PLEYOR_STREAM_MESSAGES_PER_SECOND_MAX", "7", (config) => config.streams.messagesPerSecondMax],
      ["PLEYOR_STREAM_STALLED_MS", "7000", (config) => config.streams.stalledMs],
      ["PLEYOR_ALERTS_KEPT_DAYS", "7", (config) => config.alerts.keptDays],
      ["PLEYOR_DRAIN_TIMEOUT_MS", "0", (config) => config.limits.drainTimeoutMs],
      ["PLEYOR_CALL_DEADLINE_MS_MAX", "2000", (config) => config.limits.callDeadlineMsMax],
      ["PLEYOR_MESSAGE_BYTES_MAX", "65536", (config) => config.limits.messageBytesMax],
      ["PLEYOR_LOG_LEVEL", "debug", (config) => config.logLevel],
    ];
  for (const [name, text, read] of settings) {
    it(`reads ${name}`, () => {
      expect(String(read(parseConfig({ [name]: text })))).to.equal(text);
    });
  }

  for (const [processors, workers, lanes] of [
    [1, 1, 2],
    [2, 1, 2],
    [3, 1, 3],
    [4, 1, 4],
    [64, 1, 4],
    [8, 8, 2],
    [8, 3, 2],
    [12, 4, 3],
  ] as const) {
    it(`writes ${lanes} batches at once in each of ${workers} workers on ${processors} processors`, () => {
      expect(laneCount(processors, workers)).to.equal(lanes);
    });
  }

  it("takes as many workers as there are cores, and gives each its connections", () => {
    expect(parseConfig({ WORKERS: "auto" }).workers).to.equal(availableParallelism());
    expect(parseConfig({ WORKERS: "8" }).database.connectionsMax).to.equal(32);
  });

  it("reads the role that migrates beside the one that serves", () => {
    const config = parseConfig({
      DATABASE_URL: "postgres://serve@db/credits",
      MIGRATION_DATABASE_URL: "postgresql://migrate@db/credits",
    });
    expect(config.database.migrationUrl).to.equal("postgresql://migrate@db/credits");
  });

  const refused: [name: string, text: string, fault: RegExp][] = [
    ["PLEYOR_GRPC_PORT", "65536", /^PLEYOR_GRPC_PORT must be a whole number from 0 to 65535, not "65536"$/],
    ["PLEYOR_GRPC_PORT", "-1", /whole number/],
    ["PLEYOR_LANES", "0", /from 1 to/],
    ["WORKERS", "0", /^WORKERS must be auto or a whole number from 1 to 64, not "0"$/],
    ["WORKERS", "all", /^WORKERS must be auto or/],
    ["PLEYOR_LANES", "4.0", /whole number/],
    ["PLEYOR_LANES", "1e2", /whole number/],
    ["PLEYOR_LANE_SCOPE", "two", /^PLEYOR_LANE_SCOPE must be one of many, one, not "two"$/],
    ["PLEYOR_LOG_LEVEL", "loud", /one of trace, debug, info/],
    ["PLEYOR_HTTP_PORT", "50051", /PLEYOR_GRPC_PORT and PLEYOR_HTTP_PORT must differ/],
    ["PLEYOR_UNSAFE_LISTEN_ADDRESS_WITHOUT_AUTHENTICATION", "0.0.0.0:80", /without a port/],
    ["MIGRATION_DATABASE_URL", "postgres://migrate@db/credits", /needs DATABASE_URL/],
    ["DATABASE_URL", "postgres://serve:100%safe@db/credits", /^DATABASE_URL has a % that no two hexadecimal/],
    ["DATABASE_URL", "postgres://serve:secret@db/%E9", /^DATABASE_URL has a %/],
    ["PLEYOR_LANE", "8", /^PLEYOR_LANE is not a setting of this service$/],
  ];
  for (const [name, text, fault] of refused) {
    it(`refuses ${name}=${text}`, () => {
      const faults = faultsOf({ [name]: text });
      expect(faults).to.have.length(1);
      expect(faults[0]).to.match(fault);
    });
  }

  it("refuses fewer connections to the database than its workers need", () => {
    const faults = faultsOf({ WORKERS: "4", PLEYOR_DATABASE_CONNECTIONS_MAX: "7" });
    expect(faults).to.deep.equal([
      'PLEYOR_DATABASE_CONNECTIONS_MAX must be a whole number from 8 to 1000, not "7"',
    ]);
  });

  it("reports all faults at once, one line each", () => {
    const faults = faultsOf({ PLEYOR_LANES: "many", PLEYOR_GRPC_PORT: "x", PLEYOR_TYPO: "1" });
    expect(faults.map((fault) => fault.split(" ")[0])).to.have.members([
      "PLEYOR_LANES",
      "PLEYOR_GRPC_PORT",
      "PLEYOR_TYPO",
    ]);
  });

  it("never shows the password of a URL that it refuses", () => {
    const faults = faultsOf({ DATABASE_URL: "mysql://root:hunter2@db/credits" });
    expect(faults).to.have.length(1);
    expect(faults[0])
      .to.match(/^DATABASE_URL /)
      .and.not.contain("hunter2");
  });

  it("takes from the environment what is its own, and empty as absent", () => {
    const env = { PATH: "/bin", DATABASE_URL: "", PLEYOR_LANES: " 8 ", PLEYOR_LOG_LEVEL: "" };
    expect(readEnv(env)).to.deep.equal({ PLEYOR_LANES: "8" });
  });
});
