import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createRegistry, fromBinary, toJson } from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { file_buf_validate_validate } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { expect } from "chai";
import { writeThirdPartyProtos } from "../../scripts/third-party-protos.ts";

const registry = createRegistry(file_buf_validate_validate);

describe("the printed buf/validate/validate.proto", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "third-party-protos-"));
    await writeThirdPartyProtos(folder);
  });
  after(() => rm(folder, { recursive: true }));

  it("compiles to the descriptor that it was printed from", async () => {
    const args = [
      "node_modules/@bufbuild/buf/bin/buf",
      "build",
      folder,
      "--as-file-descriptor-set",
      "-o",
      "-#format=bin",
    ];
    const options = { encoding: "buffer", maxBuffer: 10_000_000 } as const;
    const { stdout } = await promisify(execFile)(process.execPath, args, options);
    const name = file_buf_validate_validate.proto.name;
    const compiled = fromBinary(FileDescriptorSetSchema, stdout).file.find((file) => file.name === name);
    expect(compiled && comparable(compiled)).to.deep.equal(comparable(file_buf_validate_validate.proto));
  });
});

/** As JSON, where options are readable; only the compiled one knows source positions. */
function comparable(file: FileDescriptorProto): unknown {
  const { sourceCodeInfo: _, ...json } = toJson(FileDescriptorProtoSchema, file, { registry }) as Record<
    string,
    unknown
  >;
  return json;
}
