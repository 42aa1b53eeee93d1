import type { Config } from "../config.ts";

/** A worker's part of what the settings allow to all of them together. */
export function shareOf(config: Config): Config {
  const { workers, database, streams, admin } = config;
  return {
    ...config,
    database: { ...database, connectionsMax: Math.floor(database.connectionsMax / workers) },
    // Connections are dealt out in turns, but not all have as many streams.
    streams: { ...streams, streamsMax: Math.ceil(streams.streamsMax / workers) },
    admin: { ...admin, streamsMax: Math.ceil(admin.streamsMax / workers) },
  };
}
