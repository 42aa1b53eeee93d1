export type StreamLimits = Readonly<{
  streamsMax: number;
  streamsPerConnectionMax: number;
  /** What they are called where there are too many; absent: streams. */
  streams?: string;
}>;

/** Whose limit a stream would exceed. */
export class TooManyStreamsError extends Error {
  override readonly name = "TooManyStreamsError";
  readonly of: "connection" | "server";
  readonly limit: number;
  readonly streams: string;

  constructor(of: "connection" | "server", limit: number, streams = "streams") {
    super(`the ${of} has ${limit} ${streams} already`);
    this.of = of;
    this.limit = limit;
    this.streams = streams;
  }
}

/** Counts streams, so that neither one caller nor all together can have endlessly many. */
export class StreamLimit {
  readonly #limits: StreamLimits;
  readonly #byConnection = new Map<string, number>();
  #streams = 0;

  constructor(limits: StreamLimits) {
    this.#limits = limits;
  }

  get streams(): number {
    return this.#streams;
  }

  /** Counts a stream in until its signal is aborted or the returned function is called. */
  enter(connection: string, signal: AbortSignal): () => void {
    const { streamsMax, streamsPerConnectionMax, streams } = this.#limits;
    const ofConnection = this.#byConnection.get(connection) ?? 0;
    if (ofConnection >= streamsPerConnectionMax) {
      throw new TooManyStreamsError("connection", streamsPerConnectionMax, streams);
    }
    if (this.#streams >= streamsMax) throw new TooManyStreamsError("server", streamsMax, streams);
    this.#streams += 1;
    this.#byConnection.set(connection, ofConnection + 1);
    let left = false;
    const leave = (): void => {
      if (left) return;
      left = true;
      signal.removeEventListener("abort", leave);
      this.#leave(connection);
    };
    signal.addEventListener("abort", leave, { once: true });
    return leave;
  }

  #leave(connection: string): void {
    this.#streams -= 1;
    const others = (this.#byConnection.get(connection) ?? 1) - 1;
    if (others === 0) this.#byConnection.delete(connection);
    else this.#byConnection.set(connection, others);
  }
}
