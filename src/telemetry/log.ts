import { type Logger, type LoggerOptions, pino } from "pino";

export type Log = Logger;

/** Where log lines go; a test passes its own. */
export type LogSink = Readonly<{ write: (line: string) => void }>;

type LogOptions = Readonly<{ sink?: LogSink | undefined; worker?: number | undefined }>;

/** Lines of JSON on stderr: stdout is for the person who starts the service. */
export function createLog(level: string, { sink, worker }: LogOptions): Log {
  const options: LoggerOptions = {
    level,
    // Host and process id are what the platform's collector adds by itself.
    base: worker === undefined ? null : { worker },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { error: pino.stdSerializers.errWithCause },
  };
  // Written at once: lines are few, and the last ones before an exit are the ones that matter.
  return pino(options, sink ?? pino.destination({ dest: 2, sync: true }));
}
