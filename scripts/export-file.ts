import {
  createWriteStream,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";

/** What an export knew of its file when it wrote last. */
type Mark = Readonly<{ resumeToken: string; bytes: number; scope: string; format: string }>;

/** Where lines go: what is written is taken before more is asked for. */
export interface ExportTarget {
  /** Where to go on; empty: from the beginning, with a header if the format has one. */
  readonly resumeToken: string;
  write(text: string, resumeToken: string): Promise<void>;
  end(): Promise<void>;
}

export type FileOptions = Readonly<{ path: string; resume: boolean; scope: string; format: string }>;

/**
 * A file with a mark beside it that tells up to which byte which token has brought it:
 * what was written after the mark, when a process was killed, is cut off.
 */
export class ExportFile implements ExportTarget {
  readonly resumeToken: string;
  readonly #markPath: string;
  readonly #kind: Pick<Mark, "scope" | "format">;
  readonly #stream: Output;
  #bytes: number;

  /** Throws where the file is there already, where there is nothing to resume, and where it is not that any more. */
  constructor({ path, resume, scope, format }: FileOptions) {
    this.#markPath = `${path}.resume`;
    this.#kind = { scope, format };
    const mark = resume ? readMark(this.#markPath) : undefined;
    if (mark) refuseOther(mark, { path, scope, format });
    if (!resume && existsSync(path))
      throw new Error(`${path} is there already. With --resume it is gone on with.`);
    if (mark) truncateSync(path, mark.bytes);
    this.resumeToken = mark?.resumeToken ?? "";
    this.#bytes = mark?.bytes ?? 0;
    this.#stream = new Output(createWriteStream(path, { flags: mark ? "a" : "wx" }), path);
  }

  async write(text: string, resumeToken: string): Promise<void> {
    await this.#stream.write(text);
    this.#bytes += Buffer.byteLength(text);
    const mark: Mark = { resumeToken, bytes: this.#bytes, ...this.#kind };
    // Renamed into place: a mark is whole, or the one before it.
    writeFileSync(`${this.#markPath}.new`, JSON.stringify(mark));
    renameSync(`${this.#markPath}.new`, this.#markPath);
  }

  async end(): Promise<void> {
    await this.#stream.end();
    // A pass over all organizations is over; one organization's goes on with what comes.
    if (this.#kind.scope === "") rmSync(this.#markPath, { force: true });
  }
}

export class StandardOutput implements ExportTarget {
  readonly resumeToken = "";
  readonly #stream = new Output(process.stdout, "the standard output");

  write(text: string): Promise<void> {
    return this.#stream.write(text);
  }

  async end(): Promise<void> {}
}

/** A stream that fails where it is written to, in one sentence, and nowhere else. */
class Output {
  readonly #stream: Writable;
  readonly #name: string;
  /** The first one tells why; what is written afterwards only that there was one. */
  #error: Error | undefined;

  constructor(stream: Writable, name: string) {
    this.#stream = stream;
    this.#name = name;
    stream.on("error", (error) => {
      this.#error ??= error;
    });
  }

  async write(text: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#stream.write(text, (error) => (error ? reject(this.#failure(error)) : resolve()));
    });
  }

  async end(): Promise<void> {
    this.#stream.end();
    await finished(this.#stream).catch((error: Error) => Promise.reject(this.#failure(error)));
  }

  #failure(error: Error): Error {
    const cause = this.#error ?? error;
    return new Error(`${this.#name} can't be written to: ${cause.message}`, { cause });
  }
}

function readMark(path: string): Mark {
  if (!existsSync(path)) throw new Error(`There is nothing to resume: ${path} is not there.`);
  try {
    const { resumeToken, bytes, scope, format }: Record<string, unknown> = JSON.parse(
      readFileSync(path, "utf8"),
    );
    const texts = [resumeToken, scope, format].every((text) => typeof text === "string");
    if (texts && Number.isSafeInteger(bytes)) return { resumeToken, bytes, scope, format } as Mark;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
  }
  throw new Error(`There is nothing to resume: ${path} is not what an export left.`);
}

/** What would make another file of it than the one that was begun. */
function refuseOther(mark: Mark, { path, scope, format }: Omit<FileOptions, "resume">): void {
  if (mark.scope !== scope)
    throw new Error(
      `${path} is an export of ${mark.scope || "all organizations"}, not of ${scope || "all"}.`,
    );
  if (mark.format !== format) throw new Error(`${path} was begun as ${mark.format}, not as ${format}.`);
  const bytes = existsSync(path) ? statSync(path).size : 0;
  if (bytes < mark.bytes)
    throw new Error(
      `${path} was cut or replaced since: it has ${bytes} bytes, and ${mark.bytes} were exported. ` +
        `Remove it and ${path}.resume to begin anew.`,
    );
}
