import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { expect } from "chai";
import { GrantKind } from "../../gen/pleyor/credits/v1/grant_pb.ts";
import { TransactionSchema } from "../../gen/pleyor/credits/v1/transaction_pb.ts";
import type { CreditClient } from "../../src/client/client.ts";
import { createCreditClient } from "../../src/client/client.ts";
import { createSession } from "../../src/storage/embedded/session.ts";
import { type RunningService, startService } from "../support/running-service.ts";
import { type Printed, run } from "./console-line.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const organizationId = "acme";

describe("npm run verify and npm run export", function () {
  this.timeout(60_000);
  let service: RunningService;
  let client: CreditClient;
  let folder: string;

  before(async () => {
    service = await startService();
    client = createCreditClient({ transport: "grpc", address: service.grpcAddress });
    folder = await mkdtemp(join(tmpdir(), "export-"));
    const kind = GrantKind.PURCHASED;
    await client.grants.createGrant({ organizationId, kind, amountMicros: 100n, reference: "payment:1" });
    for (let count = 0; count < 3; count += 1) await charge();
  });

  after(async () => {
    client.close();
    await service.stop();
    await rm(folder, { recursive: true });
  });

  it("R-HIST-4: verify prints a summary and the head, and ends with 0", async () => {
    const { text, status } = await script("verify", ["--organization", organizationId]);
    const [, head = ""] = /^head (\d+:[0-9a-f]{64})$/m.exec(text) ?? [];
    expect(text).to.include("4 transactions of 1 organization: 0 findings");
    expect(text).to.include(
      "granted 100 = free 97 + held 0 + consumed 3 + expired 0 + voided 0 microcredits",
    );
    expect(status).to.equal(0);
    const again = await script("verify", ["--organization", organizationId, "--expected-head", head]);
    expect(again.status).to.equal(0);
  });

  it("R-HIST-4: verify lists what is amiss, from the service or from its database, and ends with 1", async () => {
    await query("update accounts set purchased_micros = purchased_micros + 1");
    const byService = await script("verify", []);
    const byDatabase = await script("verify", ["--database"], { DATABASE_URL: service.databaseUrl });
    await query("update accounts set purchased_micros = purchased_micros - 1");
    expect(byService.status).to.equal(1);
    expect(byService.text).to.include("acme: account\n  expected: ").and.include(": 1 finding\n");
    expect(byDatabase).to.deep.equal(byService);
  });

  it("verify ends with 2 where it can't tell", async () => {
    const nobody = await script("verify", ["--organization", "nobody"]);
    expect(nobody.status).to.equal(2);
    expect(nobody.text).to.include("nobody");
    expect((await script("verify", ["--expected-head", "1:beef"])).status).to.equal(2);
  });

  it("export writes JSON lines as the proto maps them, and goes on with a file that was cut short", async () => {
    const out = join(folder, "all.jsonl");
    const { status } = await script("export", ["--organization", organizationId, "--out", out]);
    expect(status).to.equal(0);
    const lines = (await readFile(out, "utf8")).trimEnd().split("\n");
    const versions = lines.map((line) => fromJsonString(TransactionSchema, line).version);
    expect(versions).to.deep.equal([1n, 2n, 3n, 4n]);
    const { transaction } = await client.credits.getTransaction({ organizationId, version: 2n });
    expect(lines[1]).to.equal(transaction && toJsonString(TransactionSchema, transaction));

    await writeFile(out, "half a line", { flag: "a" });
    await charge();
    const resume = await script("export", ["--organization", organizationId, "--out", out, "--resume"]);
    expect(resume.status).to.equal(0);
    const all = (await readFile(out, "utf8")).trimEnd().split("\n");
    expect(all.slice(0, 4)).to.deep.equal(lines);
    expect(all.map((line) => fromJsonString(TransactionSchema, line).version)).to.deep.equal([
      1n,
      2n,
      3n,
      4n,
      5n,
    ]);
  });

  it("export writes CSV to the standard output, with its header once", async () => {
    const { text } = await script("export", ["--organization", organizationId, "--format", "csv"]);
    const lines = text.split("\r\n");
    expect(lines[0]).to.match(/^organization_id,version,kind,/);
    expect(lines.filter((line) => line.startsWith("organization_id,"))).to.have.length(1);
    expect(lines[1]).to.match(/^acme,1,TRANSACTION_KIND_GRANT,/);
  });

  it("export overwrites nothing, and resumes only what is its own", async () => {
    const out = join(folder, "own.jsonl");
    await writeFile(out, "precious");
    expect((await script("export", ["--out", out])).status).to.equal(2);
    expect(await readFile(out, "utf8")).to.equal("precious");
    expect((await script("export", ["--out", out, "--resume"])).text).to.include("nothing to resume");
    await truncate(out, 0);
    const all = join(folder, "everybody.jsonl");
    await script("export", ["--organization", organizationId, "--out", all]);
    const other = await script("export", ["--out", all, "--resume"]);
    expect(other.status).to.equal(2);
    expect(other.text).to.include("an export of acme");
    const everything = join(folder, "everything.csv");
    expect((await script("export", ["--out", everything])).status).to.equal(0);
    expect((await script("export", ["--out", everything, "--resume"])).text).to.include("nothing to resume");
  });

  it("export resumes a file in its own format only, and not one that was cut since, which stays as it is", async () => {
    const out = join(folder, "cut");
    const own = ["--organization", organizationId, "--out", out];
    expect((await script("export", [...own, "--format", "csv"])).status).to.equal(0);
    const whole = await readFile(out, "utf8");
    const other = await script("export", [...own, "--resume"]);
    expect(other).to.deep.equal({ text: `${out} was begun as csv, not as jsonl.\n`, status: 2 });
    const cut = whole.slice(0, -10);
    await writeFile(out, cut);
    const resumed = await script("export", [...own, "--format", "csv", "--resume"]);
    expect(resumed.status).to.equal(2);
    expect(resumed.text).to.include(`has ${cut.length} bytes, and ${whole.length} were exported`);
    expect(await readFile(out, "utf8")).to.equal(cut);
    await rm(out);
    expect((await script("export", [...own, "--format", "csv", "--resume"])).text).to.include("has 0 bytes");
    await writeFile(`${out}.resume`, "{}");
    const damaged = await script("export", [...own, "--format", "csv", "--resume"]);
    expect(damaged.text).to.match(/^There is nothing to resume: .* is not what an export left\.\n$/);
  });

  it("export tells in one line that it can't write", async () => {
    const missing = await script("export", ["--out", join(folder, "missing", "all.jsonl")]);
    expect(missing.status).to.equal(2);
    expect(missing.text).to.match(/^\S+ can't be written to: ENOENT.*\n$/);
    const line = `exec ${process.execPath} scripts/export.ts --address ${service.grpcAddress}`;
    const full = await run("sh", ["-c", `${line} > /dev/full`], ROOT);
    expect(full.status).to.equal(2);
    expect(full.text).to.match(/^the standard output can't be written to: ENOSPC.*\n$/);
    const large = join(folder, "large.jsonl");
    const limited = await run("sh", ["-c", `ulimit -f 0; ${line} --out ${large}`], ROOT);
    expect(limited.status).to.equal(2);
    expect(limited.text).to.match(/^\S+ can't be written to: EFBIG.*\n$/);
  });

  function script(
    name: string,
    args: readonly string[],
    settings: Readonly<Record<string, string>> = {},
  ): Promise<Printed> {
    const assignments = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
    const where = args.includes("--database") ? [] : ["--address", service.grpcAddress];
    return run("env", [...assignments, process.execPath, `scripts/${name}.ts`, ...args, ...where], ROOT);
  }

  async function charge(): Promise<void> {
    await client.credits.chargeCredits({ organizationId, cost: { case: "amountMicros", value: 1n } });
  }

  async function query(text: string): Promise<void> {
    const session = createSession({ connectionString: service.databaseUrl });
    await session.connect();
    await session.query(text);
    await session.end();
  }
});
