import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

describe("the package that other services install", () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "client-package-"));
    await install();
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it("runs from node_modules, where Node does not strip types", async () => {
    const program = `
      import { createCreditClient, refusalOf } from "pleyor-credits/client";
      import { GrantKind } from "pleyor-credits/v1/grant";
      for (const options of [
        { transport: "grpc", address: "127.0.0.1:1" },
        { transport: "connect", baseUrl: "http://127.0.0.1:1" },
      ]) createCreditClient(options).close();
      process.stdout.write(GrantKind.PURCHASED + " " + refusalOf(new Error("other")));`;
    await writeFile(join(folder, "program.mjs"), program);
    expect(run(process.execPath, "program.mjs")).to.equal("3 undefined");
  });

  it("brings its types", async () => {
    const program = `
      import { createCreditClient } from "pleyor-credits/client";
      const client = createCreditClient({ transport: "grpc", address: "127.0.0.1:1" });
      export const wrong: number = client.grants;`;
    await writeFile(join(folder, "program.mts"), program);
    const options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "esnext"];
    expect(() => run(join(ROOT, "node_modules/.bin/tsc"), ...options, "program.mts"))
      .to.throw()
      .with.property("stdout")
      .that.matches(/^program\.mts.*error TS2322: Type 'Client<.*' is not assignable to type 'number'/s);
  });

  /** As npm would, except that the dependencies are this checkout's. */
  async function install(): Promise<void> {
    const packed = execFileSync(
      "npm",
      ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder],
      { cwd: ROOT },
    );
    const target = join(folder, "node_modules", "pleyor-credits");
    await mkdir(target, { recursive: true });
    run("tar", "-xzf", packed.toString().trim(), "-C", target, "--strip-components=1");
    for (const name of await readdir(join(ROOT, "node_modules"))) {
      if (!name.startsWith("."))
        await symlink(join(ROOT, "node_modules", name), join(folder, "node_modules", name));
    }
  }

  function run(program: string, ...args: string[]): string {
    return execFileSync(program, args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }
});
