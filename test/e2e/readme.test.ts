import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { createCreditClient } from "../../src/client/client.ts";
import { type RunningService, startService } from "../support/running-service.ts";
import { run, runConsoleLine } from "./console-line.ts";
import { ShownIds } from "./shown-ids.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const README = `${ROOT}/README.md`;

/** Set it to write what the commands print into the README, instead of comparing. */
const UPDATE = Boolean(process.env.UPDATE_README);

type Example = Readonly<{ command: string; shown: string }>;

describe("the README", () => {
  let service: RunningService;
  let text: string;

  before(async () => {
    service = await startService();
    text = await readFile(README, "utf8");
  });

  after(async () => {
    expect((await service.verify()).discrepancies).to.deep.equal([]);
    await service.stop();
  });

  it("shows what its commands answer, one after the other", async () => {
    const ids = new ShownIds();
    const examples = consoleExamples(text);
    expect(examples).to.have.lengthOf(12);
    for (const { command, shown } of examples) {
      const real = ids.toReal(command);
      const { text: printed } = await runConsoleLine(real, { root: ROOT, ...service });
      if (UPDATE)
        text = text.replace(blockOf(command, shown), () => blockOf(real, ids.learn(shown, printed)));
      else ids.compare(shown, printed);
    }
    if (UPDATE) await writeFile(README, text);
  });

  it("shows what its program with the typed client prints", async () => {
    const program = /```ts\n([\s\S]*?)```/.exec(text)?.[1] ?? "";
    const shown = /```text\n([\s\S]*?)```/.exec(text)?.[1];
    const code = program.replace("127.0.0.1:50051", service.grpcAddress);
    const printed = await run(process.execPath, ["--input-type=module", "-e", code], ROOT);
    expect(printed.text).to.equal(shown);
  });

  it("shows how the settle among its examples is explained", async () => {
    const shown = /```txt\n([\s\S]*?)\n```/.exec(text)?.[1]?.split("\n");
    const client = createCreditClient({ transport: "grpc", address: service.grpcAddress });
    const { explanation } = await client.usage.explainTransaction({ organizationId: "acme", version: 3n });
    client.close();
    new ShownIds().compareValues(shown, explanation?.text);
  });

  it("names only npm scripts that there are", async () => {
    const { scripts } = JSON.parse(await readFile(`${ROOT}/package.json`, "utf8"));
    const named = [...text.matchAll(/npm (?:run )?(?:-s )?(start|test|[a-z:-]+)/g)].map(
      ([, name]) => name ?? "",
    );
    const missing = named.filter((name) => !(name in scripts) && !["ci", "nothing"].includes(name));
    expect(missing).to.deep.equal([]);
  });

  it("plays the demo to its end", async function () {
    this.timeout(60_000);
    const args = ["demo/demo.ts", "--address", service.grpcAddress];
    const { status, text: printed } = await run(process.execPath, args, ROOT);
    expect(printed).to.include("What is left is what was granted less what was settled");
    expect(status).to.equal(0);
  });
});

function consoleExamples(text: string): readonly Example[] {
  return [...text.matchAll(/```console\n\$ (.*)\n([\s\S]*?)```/g)].map(([, command = "", shown = ""]) => ({
    command,
    shown,
  }));
}

function blockOf(command: string, shown: string): string {
  return `\`\`\`console\n$ ${command}\n${shown}\`\`\``;
}
