const WIDTH = 30;
/** As often as an eye follows. */
const INTERVAL_MS = 100;

/** A line on a terminal that tells how far something is; nothing where stderr is no terminal. */
export class ProgressLine {
  readonly #since = performance.now();
  #shownAt = 0;
  #shown = false;

  show(done: number, total: number, what: string): void {
    const now = performance.now();
    if (!process.stderr.isTTY || now - this.#shownAt < INTERVAL_MS) return;
    this.#shownAt = now;
    this.#shown = true;
    const share = total === 0 ? 1 : Math.min(1, done / total);
    const bar = "#".repeat(Math.round(share * WIDTH)).padEnd(WIDTH, "-");
    const rate = Math.round((done * 1_000) / Math.max(1, now - this.#since));
    const text = `[${bar}] ${String(Math.floor(share * 100)).padStart(3)}% ${done} of ${total}, ${rate}/s ${what}`;
    process.stderr.write(`\r\x1b[K${text.slice(0, (process.stderr.columns ?? 80) - 1)}`);
  }

  /** Takes the line away, so that what follows stands alone. */
  clear(): void {
    if (this.#shown) process.stderr.write("\r\x1b[K");
    this.#shown = false;
  }
}
