import { randomUUID } from "node:crypto";
import { create, type DescMessage, fromJson, type JsonValue } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect } from "chai";
import {
  ExportTransactionsRequestSchema,
  type ExportTransactionsResponse,
  LedgerHeadSchema,
  type VerificationFinding,
  type VerificationSummary,
  VerifyLedgerRequestSchema,
} from "../../gen/pleyor/credits/v1/admin_service_pb.ts";
import { GrantKind } from "../../gen/pleyor/credits/v1/grant_pb.ts";
import { type CreditClient, refusalOf } from "../../src/client/client.ts";
import { Services } from "../support/services.ts";
import { badRequests, type Json } from "./bad-fields.ts";

const ORGANIZATIONS = ["a-first", "b-second", "c-third"];
/** More than a page of an export. */
const CHARGES = 230;

type Verified = Readonly<{
  findings: readonly VerificationFinding[];
  summary: VerificationSummary | undefined;
  progress: number;
}>;

describe("AdminService", () => {
  let services: Services;

  before(async () => {
    services = await Services.start(1);
    const client = services.client(0);
    for (const organizationId of ORGANIZATIONS) {
      await client.grants.createGrant({
        organizationId,
        kind: GrantKind.PURCHASED,
        amountMicros: 1_000_000n,
        reference: "payment:1",
      });
      const charges = Array.from({ length: organizationId === "b-second" ? CHARGES : 2 }, () =>
        charge(client, organizationId),
      );
      await Promise.all(charges);
    }
  });

  after(() => services.stop());

  for (const door of ["grpc", "connect over HTTP/1.1", "connect over HTTP/2"] as const) {
    describe(`by ${door}`, () => {
      let client: CreditClient;

      before(() => {
        client = services.client(0, door);
      });

      verifies(() => client);
      exports(() => client);
      makesUp(() => client);
      refuses(() => client);
    });
  }

  function verifies(client: () => CreditClient): void {
    it("R-HIST-4, R-GRANT-6: VerifyLedger recomputes everything and finds nothing amiss", async () => {
      const { findings, summary, progress } = await verified(client(), {});
      expect(findings).to.deep.equal([]);
      expect(summary?.organizations).to.equal(3n);
      expect(summary?.transactions).to.equal(BigInt(3 + 2 + CHARGES + 2));
      expect(summary?.totals?.granted).to.equal("3000000");
      expect(summary?.totals?.consumed).to.equal(String(10 * (CHARGES + 4)));
      expect(summary?.head).to.equal(undefined);
      expect(progress).to.be.greaterThan(0);
    });

    it("R-HIST-4: a head that was kept proves that nothing before it was rewritten", async () => {
      const organizationId = "c-third";
      const first = await verified(client(), { organizationId });
      const head = first.summary?.head;
      expect(head?.version).to.equal(3n);
      expect((await verified(client(), { organizationId, expectedHead: head })).findings).to.deep.equal([]);
      const hash = Uint8Array.from(head?.hash ?? []).fill(1, 0, 1);
      const other = create(LedgerHeadSchema, { version: 2n, hash });
      const [finding] = (await verified(client(), { organizationId, expectedHead: other })).findings;
      expect(finding?.place).to.equal("transaction 2");
    });

    it("R-HIST-4: what is damaged is told with its place", async () => {
      await services.query(
        "update accounts set purchased_micros = purchased_micros + 1 where organization_id = 'a-first'",
      );
      const { findings, summary } = await verified(client(), {});
      await services.query(
        "update accounts set purchased_micros = purchased_micros - 1 where organization_id = 'a-first'",
      );
      expect(findings.map(({ organizationId, place }) => `${organizationId} ${place}`)).to.deep.equal([
        "a-first account",
      ]);
      expect(findings[0]?.found).to.include("999981");
      expect(summary?.findings).to.equal(1n);
    });

    it("a verification that is asked for badly is refused by the field's name", async () => {
      const hash = Buffer.alloc(32).toString("base64");
      const good = { organizationId: "a-first", expectedHead: { version: "1", hash } };
      for (const { what, request, field } of parsable(VerifyLedgerRequestSchema, good))
        await expectInvalid(verified(client(), fromJson(VerifyLedgerRequestSchema, request)), field, what);
      const expectedHead = create(LedgerHeadSchema, { version: 1n, hash: new Uint8Array(32) });
      await expectInvalid(verified(client(), { expectedHead }), undefined, "a head of all");
    });
  }

  function exports(client: () => CreditClient): void {
    it("ExportTransactions sends everybody's transactions, each organization's in order", async () => {
      const pages = await exported(client(), {});
      const lines = pages.flatMap(({ transactions }) =>
        transactions.map((t) => `${t.organizationId} ${t.version}`),
      );
      const expected = ORGANIZATIONS.flatMap((id) => {
        const length = id === "b-second" ? CHARGES + 1 : 3;
        return Array.from({ length }, (_, index) => `${id} ${index + 1}`);
      });
      expect(lines).to.deep.equal(expected);
      expect(pages.at(-1)?.remaining).to.equal(0n);
      expect(pages[0]?.transactions[0]?.hash).to.have.length(32);
    });

    it("an export goes on after any of its messages", async () => {
      const pages = await exported(client(), {});
      for (const [index, { resumeToken }] of pages.entries()) {
        const rest = await exported(client(), { resumeToken });
        const expected = pages
          .slice(index + 1)
          .flatMap(({ transactions }) => transactions.map(({ version }) => version));
        expect(rest.flatMap(({ transactions }) => transactions.map(({ version }) => version))).to.deep.equal(
          expected,
        );
      }
    });

    it("the last token of an organization's export asks for what came after it", async () => {
      const organizationId = `fresh-${randomUUID()}`;
      await client().grants.createGrant({
        organizationId,
        kind: GrantKind.PURCHASED,
        amountMicros: 100n,
        reference: "payment:1",
      });
      const [first] = await exported(client(), { organizationId });
      const resumeToken = first?.resumeToken ?? "";
      const [nothing] = await exported(client(), { organizationId, resumeToken });
      expect(nothing?.transactions).to.deep.equal([]);
      expect(nothing?.resumeToken).to.equal(resumeToken);
      await charge(client(), organizationId);
      const [second] = await exported(client(), { organizationId, resumeToken });
      expect(second?.transactions.map(({ version }) => version)).to.deep.equal([2n]);
      await services.query(
        `alter table transactions disable trigger all; ${["transactions", "accounts", "grants", "reservations"].map((table) => `delete from ${table} where organization_id = '${organizationId}'`).join("; ")}; alter table transactions enable trigger all`,
      );
    });

    it("an export that is asked for badly is refused by the field's name", async () => {
      const good = { organizationId: "a-first" };
      for (const { what, request, field } of parsable(ExportTransactionsRequestSchema, good))
        await expectInvalid(
          exported(client(), fromJson(ExportTransactionsRequestSchema, request)),
          field,
          what,
        );
    });

    it("a token of another export is refused", async () => {
      const [page] = await exported(client(), { organizationId: "a-first" });
      const resumeToken = page?.resumeToken ?? "";
      for (const organizationId of ["", "b-second"])
        await expectInvalid(
          exported(client(), { organizationId, resumeToken }),
          "resume_token",
          organizationId,
        );
    });
  }

  function makesUp(client: () => CreditClient): void {
    it("a token that somebody made up, of what is no organization, is refused", async () => {
      for (const made of ["\u0000", "a b", "x".repeat(129)]) {
        const resumeToken = Buffer.from(JSON.stringify(["e1", "", made, "0"])).toString("base64url");
        await expectInvalid(exported(client(), { resumeToken }), "resume_token", made);
      }
    });
  }

  function refuses(client: () => CreditClient): void {
    it("an organization that does not exist has nothing to verify or export", async () => {
      const organizationId = "nobody";
      for (const ask of [verified, exported]) {
        const error = await thrown(ask(client(), { organizationId }));
        expect(refusalOf(error)?.reason).to.equal("ORGANIZATION_NOT_FOUND");
      }
    });
  }
});

/** The bad requests that a typed client can send. */
function parsable(message: DescMessage, good: Json) {
  return badRequests(message, good).flatMap(({ field, request, what }) =>
    field === undefined ? [] : [{ field, what, request: request as JsonValue }],
  );
}

async function charge(client: CreditClient, organizationId: string): Promise<void> {
  await client.credits.chargeCredits({ organizationId, cost: { case: "amountMicros", value: 10n } });
}

async function verified(
  client: CreditClient,
  request: Parameters<CreditClient["admin"]["verifyLedger"]>[0],
): Promise<Verified> {
  const findings: VerificationFinding[] = [];
  let summary: VerificationSummary | undefined;
  let progress = 0;
  for await (const { event } of client.admin.verifyLedger(request)) {
    if (event.case === "finding") findings.push(event.value);
    if (event.case === "summary") summary = event.value;
    if (event.case === "progress") progress += 1;
  }
  return { findings, summary, progress };
}

async function exported(
  client: CreditClient,
  request: Parameters<CreditClient["admin"]["exportTransactions"]>[0],
): Promise<readonly ExportTransactionsResponse[]> {
  const pages: ExportTransactionsResponse[] = [];
  for await (const page of client.admin.exportTransactions(request)) pages.push(page);
  return pages;
}

async function expectInvalid(
  asked: Promise<unknown>,
  field: string | undefined,
  what: string,
): Promise<void> {
  const error = await thrown(asked);
  expect(error.code, what).to.equal(Code.InvalidArgument);
  const refusal = refusalOf(error);
  expect(refusal?.reason, what).to.equal("INVALID_REQUEST");
  if (field === undefined) return;
  const names = refusal?.violations?.map((violation) => violation.field?.elements.at(-1)?.fieldName);
  expect(names, what).to.include(field);
}

function thrown(asked: Promise<unknown>): Promise<ConnectError> {
  return asked.then(
    () => {
      throw new Error("nothing was thrown");
    },
    (error: unknown) => ConnectError.from(error),
  );
}
