import Mocha from "mocha";

/** A process that outlives its tests by this much is kept alive by something that a test forgot to close. */
const LINGER_MS_MAX = 15_000;

/**
 * Mocha's spec reporter, with the totals as the very last line of the process: `12 passed, 0 failed`. They are
 * printed when the process exits, so that nothing that is logged while it shuts down comes after them.
 */
class TotalsReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    let failedToEnd = 0;
    process.once("exit", () => {
      const { passes, failures, pending } = this.stats;
      const skipped = pending > 0 ? `, ${pending} skipped` : "";
      process.stdout.write(`${passes} passed, ${failures + failedToEnd} failed${skipped}\n`);
    });
    runner.once("end", () => {
      const lingering = setTimeout(() => {
        failedToEnd = 1;
        process.stderr.write(
          `The tests ended, but these keep the process: ${process.getActiveResourcesInfo()}\n`,
        );
        process.exit(1);
      }, LINGER_MS_MAX);
      lingering.unref();
    });
  }
}

// Mocha requires its reporter and takes the default export or the module itself; Node calls the latter this.
export { TotalsReporter as "module.exports" };
