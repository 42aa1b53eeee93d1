import { readFileSync } from "node:fs";
import { expect } from "chai";
import { deadFiles, forbiddenImports } from "./tidy/imports.ts";
import { drawers, misspelledNames } from "./tidy/names.ts";
import { longFiles, longFunctions } from "./tidy/sizes.ts";
import { readSources, type SourceFile } from "./tidy/source-file.ts";
import { bannedWords } from "./tidy/words.ts";

interface Guarantee {
  readonly title: string;
  readonly offences: (files: readonly SourceFile[]) => string[];
  /** Files that break it, each as [path, text]; every one of them must be found. */
  readonly broken: readonly (readonly [path: string, text: string])[];
  /** Files that come close and keep it. */
  readonly kept: readonly (readonly [path: string, text: string])[];
}

const body = (lines: number) => "  step();\n".repeat(lines);

const GUARANTEES: readonly Guarantee[] = [
  {
    title: "every import follows the table: layers point inwards, and the domain imports only itself",
    offences: forbiddenImports,
    broken: [
      ["src/domain/ledger/grant.ts", 'import { readFile } from "node:fs";\n'],
      ["src/domain/ledger/hold.ts", 'import { v7 } from "uuid";\n'],
      [
        "src/domain/plans/plan.ts",
        'import type { Plan } from "../../../gen/pleyor/credits/v1/plan_pb.ts";\n',
      ],
      ["src/storage/account-store.ts", 'import { reserve } from "../service/reserve.ts";\n'],
      ["src/service/reserve.ts", 'import {\n  status,\n} from "@grpc/grpc-js";\n'],
      ["src/stream/hub.ts", 'const sql = await import("@mikro-orm/postgresql");\n'],
      ["src/rpc/reserve.ts", 'export { store } from "../storage/account-store.ts";\n'],
      ["src/main.ts", 'import "./storage/account-store.ts";\n'],
      ["src/client/client.ts", 'import { hub } from "../stream/hub.ts";\n'],
      ["src/service/fake.ts", 'import { fake } from "../../test/support/fake.ts";\n'],
      ["src/attic/old.ts", ""],
    ],
    kept: [
      ["src/domain/ledger/grant.ts", 'import { cycle } from "../plans/cycle.ts";\n'],
      ["src/storage/account-store.ts", 'import { type Account } from "../domain/ledger/account.ts";\n'],
      ["src/rpc/reserve.ts", 'import { create } from "@bufbuild/protobuf";\n'],
      ["src/client/client.ts", 'import { CreditService } from "../../gen/pleyor/credits/v1/credit_pb.ts";\n'],
      ["src/server.ts", 'import { hub } from "./stream/hub.ts";\n'],
    ],
  },
  {
    title: "no file is longer than 300 lines",
    offences: longFiles,
    broken: [["src/service/reserve.ts", body(301)]],
    kept: [["src/service/reserve.ts", body(300)]],
  },
  {
    title: "no function is longer than 70 lines",
    offences: longFunctions,
    broken: [
      ["scripts/plain.ts", `export async function plain() {\n${body(69)}}\n`],
      ["scripts/arrow.ts", `const arrow = () => {\n${body(69)}};\n`],
      ["scripts/method.ts", `class Account {\n  async settle(amount: bigint) {\n${body(69)}  }\n}\n`],
      ["scripts/long-head.ts", `function longHead({\n  amount,\n}: Options) {\n${body(67)}}\n`],
      [
        "scripts/parameters.ts",
        `class A {\n  settle(\n    amount: bigint,\n  ): Decision {\n${body(69)}  }\n}\n`,
      ],
    ],
    kept: [
      ["scripts/plain.ts", `export async function plain() {\n${body(68)}}\n`],
      ["scripts/two.ts", `function one() {\n${body(60)}}\n\nfunction two() {\n${body(60)}}\n`],
      ["test/suite.test.ts", `describe("a suite", () => {\n${body(200)}});\n`],
    ],
  },
  {
    title: "every file and folder is named in kebab-case",
    offences: misspelledNames,
    broken: [
      ["src/domain/ledgerState.ts", ""],
      ["src/Domain/ledger.ts", ""],
      ["test/domain/ledger_state.test.ts", ""],
    ],
    kept: [["test/e2e/two-doors.test.ts", ""]],
  },
  {
    title: "no file or folder is a drawer (utils, helpers, manager, types, common)",
    offences: drawers,
    broken: [
      ["src/domain/utils.ts", ""],
      ["src/common/money.ts", ""],
      ["src/stream/stream-manager.ts", ""],
      ["test/support/helpers.ts", ""],
    ],
    kept: [["src/storage/column-of-account.ts", ""]],
  },
  {
    title:
      "no unfinished work, silenced check, default export, stray log, environment or floating-point amount",
    offences: bannedWords,
    broken: [
      ["src/service/a.ts", "// TODO: later"],
      ["src/service/b.ts", "const a = b as any;"],
      ["src/service/c.ts", "// @ts-ignore"],
      ["test/d.test.ts", 'it.only("works", run);'],
      ["src/service/e.ts", "export default reserve;"],
      ["src/service/f.ts", "console.log(amount);"],
      ["src/rpc/g.ts", "const port = process.env.PORT;"],
      ["src/domain/ledger/h.ts", "const price = parseFloat(text);"],
      ["src/domain/ledger/i.ts", "const credits = Number(amountMicros);"],
      ["src/domain/ledger/j.ts", "const text = credits.toFixed(2);"],
    ],
    kept: [
      ["src/config.ts", "const port = process.env.PORT;"],
      ["scripts/report.ts", "console.log(report);"],
      ["src/domain/plans/cycle.ts", "const day = Number(text);"],
      ["src/domain/plans/plan.ts", "// A yearly plan refreshes as any other does."],
    ],
  },
  {
    title: "no file in src is dead: something imports it, or package.json starts from it",
    offences: (files) => deadFiles(files, readFileSync("package.json", "utf8")),
    broken: [["src/domain/ledger/forgotten.ts", 'import { used } from "./used.ts";\n']],
    kept: [
      ["src/main.ts", 'import { createServer } from "./server.ts";\n'],
      ["src/server.ts", ""],
    ],
  },
];

describe("the house", () => {
  // These files are made of what they ban.
  const sources = readSources("src", "test", "scripts", "bench").filter(
    ({ path }) => !path.startsWith("test/tidy"),
  );

  for (const { title, offences, broken, kept } of GUARANTEES) {
    it(title, () => {
      expect(offences(sources).join("\n")).to.equal("");
    });

    it(`${title} (the check finds each offence, and no other)`, () => {
      for (const [path, text] of broken) {
        expect(offences([{ path, text }]).join("\n"), path).to.include(path);
      }
      expect(offences(kept.map(([path, text]) => ({ path, text }))).join("\n")).to.equal("");
    });
  }
});
