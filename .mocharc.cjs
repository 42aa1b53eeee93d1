// JavaScript rather than YAML, because two settings depend on how it is started.
const namesFiles = process.argv.some((argument) => argument.endsWith(".test.ts"));

module.exports = {
  // Mocha adds the files of the command line to these instead of replacing them.
  spec: namesFiles ? [] : ["test/**/*.test.ts"],
  require: ["test/support/setup.ts"],
  reporter: "test/support/reporter.ts",
  // PostgreSQL starts once per run and takes a second or two on a slow machine; a test that needs more is stuck.
  timeout: 20_000,
  slow: 1_000,
  // A forgotten `.only` must not make a green build out of one test.
  "forbid-only": Boolean(process.env.CI),
};
