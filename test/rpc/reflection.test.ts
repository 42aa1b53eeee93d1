import { create, createFileRegistry, fromBinary, getOption, hasOption } from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { field as fieldRules } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { type Client, createClient } from "@connectrpc/connect";
import { expect } from "chai";
import {
  ServerReflection,
  type ServerReflectionRequest,
  type ServerReflectionResponse,
} from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { DoorsUnderTest, WAYS_IN } from "./doors-under-test.ts";

type Question = ServerReflectionRequest["messageRequest"];
type Answer = ServerReflectionResponse["messageResponse"];

// A question and its answer alternate in one stream, which HTTP/1.1 has no way to do.
const CASES = WAYS_IN.filter((way) => !way.includes("HTTP/1.1")).flatMap((way) => [
  { way, version: ServerReflection },
  { way, version: ServerReflectionAlpha },
]);

for (const { way, version } of CASES) {
  describe(`${version.typeName} by the ${way}`, () => {
    let doors: DoorsUnderTest;
    let reflection: Client<typeof ServerReflection>;

    before(async () => {
      doors = await new DoorsUnderTest().open();
      reflection = createClient(version as typeof ServerReflection, doors.transport(way));
    });
    after(() => doors.close());

    it("lists all services", async () => {
      const answer = await ask(reflection, { case: "listServices", value: "" });
      const names =
        answer.case === "listServicesResponse" ? answer.value.service.map(({ name }) => name) : [];
      expect(names).to.deep.equal([
        "pleyor.credits.v1.CreditService",
        "pleyor.credits.v1.GrantService",
        "pleyor.credits.v1.SubscriptionService",
        "pleyor.credits.v1.AlertService",
        "pleyor.credits.v1.UsageService",
        "pleyor.credits.v1.AdminService",
        "pleyor.pricing.v1.PricingService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
      ]);
    });

    it("describes a service with all that it imports, and with the rules beside the fields", async () => {
      const files = await filesOf(reflection, {
        case: "fileContainingSymbol",
        value: "pleyor.credits.v1.CreditService",
      });
      const names = files.map(({ name }) => name);
      expect(names[0]).to.equal("pleyor/credits/v1/credit_service.proto");
      expect(names).to.include.members(["buf/validate/validate.proto", "google/rpc/status.proto"]);
      // It throws if an import is missing.
      const set = create(FileDescriptorSetSchema, { file: files.toReversed() });
      const registry = createFileRegistry(set);
      const request = registry.getMessage("pleyor.credits.v1.GetBalanceRequest");
      const [organizationId] = request?.fields ?? [];
      expect(organizationId && hasOption(organizationId, fieldRules)).to.equal(true);
      const type = organizationId && getOption(organizationId, fieldRules).type;
      expect(type?.case === "string" && type.value.maxLen).to.equal(128n);
    });

    const found: readonly Question[] = [
      { case: "fileByFilename", value: "pleyor/credits/v1/error_reason.proto" },
      { case: "fileContainingSymbol", value: "pleyor.credits.v1.CreditService.ReserveCredits" },
      { case: "fileContainingSymbol", value: "pleyor.credits.v1.InsufficientCredits" },
      { case: "fileContainingSymbol", value: "pleyor.credits.v1.Balance.version" },
      { case: "fileContainingSymbol", value: "pleyor.credits.v1.GRANT_KIND_PURCHASED" },
      { case: "fileContainingSymbol", value: "google.rpc.ErrorInfo" },
      { case: "fileContainingExtension", value: extension("google.protobuf.FieldOptions", 1159) },
    ];
    for (const question of found) {
      it(`finds the file for ${question.case} ${JSON.stringify(question.value)}`, async () => {
        expect(await filesOf(reflection, question)).not.to.have.length(0);
      });
    }

    it("knows a message's extensions", async () => {
      const question = {
        case: "allExtensionNumbersOfType",
        value: "google.protobuf.FieldOptions",
      } as const;
      const answer = await ask(reflection, question);
      expect(answer.case === "allExtensionNumbersResponse" && answer.value.extensionNumber).to.include(1159);
    });

    const unknown: readonly Question[] = [
      { case: "fileByFilename", value: "unknown.proto" },
      { case: "fileContainingSymbol", value: "unknown" },
      { case: "fileContainingExtension", value: extension("google.protobuf.FieldOptions", 7) },
      { case: "allExtensionNumbersOfType", value: "unknown" },
    ];
    for (const question of unknown) {
      it(`tells in its answer that it has nothing for ${question.case}`, async () => {
        const answer = await ask(reflection, question);
        expect(answer.case === "errorResponse" && answer.value.errorCode).to.equal(5);
      });
    }
  });
}

function extension(containingType: string, extensionNumber: number) {
  return { $typeName: "grpc.reflection.v1.ExtensionRequest" as const, containingType, extensionNumber };
}

/** Asks one question and ends the stream. */
async function ask(reflection: Client<typeof ServerReflection>, messageRequest: Question): Promise<Answer> {
  const questions = (async function* () {
    yield await Promise.resolve({ messageRequest });
  })();
  const [answer, ...more] = await Array.fromAsync(reflection.serverReflectionInfo(questions));
  expect(more).to.have.length(0);
  return answer?.messageResponse ?? { case: undefined };
}

async function filesOf(
  reflection: Client<typeof ServerReflection>,
  question: Question,
): Promise<FileDescriptorProto[]> {
  const answer = await ask(reflection, question);
  if (answer.case !== "fileDescriptorResponse") throw new Error(`answered by ${answer.case}`);
  return answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
}
