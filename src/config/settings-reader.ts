import { availableParallelism } from "node:os";

/** The settings as text, by the name of their environment variable. Absent and empty are the same. */
export type RawSettings = Readonly<Record<string, string>>;

const WORKERS_MAX = 64;

/** Every fault of the settings at once, one line each, naming its variable and never showing a URL. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join("\n"));
    this.faults = faults;
  }
}

/** Reads settings by name and gathers what is wrong with them, so that one start shows every fault. */
export class SettingsReader {
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

  /** A number of processes, or `auto` for one on each core. */
  workers(name: string): number {
    const text = this.#take(name) ?? "1";
    const value = text === "auto" ? Math.min(availableParallelism(), WORKERS_MAX) : Number(text);
    if (/^(auto|\d+)$/.test(text) && value >= 1 && value <= WORKERS_MAX) return value;
    this.#faults.push(`${name} must be auto or a whole number from 1 to ${WORKERS_MAX}, not "${text}"`);
    return 1;
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

  /** What is wrong with settings that are right each by itself. */
  fault(line: string): void {
    this.#faults.push(line);
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
