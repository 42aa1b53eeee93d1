import { existsSync } from "node:fs";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  file_buf_validate_validate,
  predefined,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { printProto } from "./print-proto.ts";

/**
 * Where the protos that ours import come from: packages that package-lock.json pins with their integrity.
 * The schema registry of buf would be a second, unlocked source and cannot be reached from everywhere.
 */
const SOURCES = [
  { package: "google-gax", from: "build/protos/google/rpc/code.proto", to: "google/rpc/code.proto" },
  { package: "google-gax", from: "build/protos/google/rpc/status.proto", to: "google/rpc/status.proto" },
  {
    package: "google-gax",
    from: "build/protos/google/rpc/error_details.proto",
    to: "google/rpc/error_details.proto",
  },
  { package: "grpc-health-check", from: "proto/health/v1/health.proto", to: "grpc/health/v1/health.proto" },
  {
    package: "@grpc/reflection",
    from: "build/proto/grpc/reflection/v1/reflection.proto",
    to: "grpc/reflection/v1/reflection.proto",
  },
  {
    package: "@grpc/reflection",
    from: "build/proto/grpc/reflection/v1alpha/reflection.proto",
    to: "grpc/reflection/v1alpha/reflection.proto",
  },
];

/** Writes third-party protos into `folder`, which is emptied first. */
export async function writeThirdPartyProtos(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  for (const source of SOURCES) {
    const target = join(folder, source.to);
    await mkdir(dirname(target), { recursive: true });
    await cp(join(packageFolder(source.package), source.from), target);
  }
  // No package carries buf/validate/validate.proto as text, but one embeds its descriptor.
  const target = join(folder, file_buf_validate_validate.proto.name);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, printProto(file_buf_validate_validate.proto, predefined));
}

/** Found by searching, because a package's `exports` may hide its own package.json. */
function packageFolder(name: string): string {
  const searched = createRequire(import.meta.url).resolve.paths(name) ?? [];
  const found = searched
    .map((folder) => join(folder, name))
    .find((folder) => existsSync(join(folder, "package.json")));
  if (found === undefined) {
    throw new Error(`The package ${name} is not installed; run npm ci.`);
  }
  return found;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await writeThirdPartyProtos("third_party/proto");
}
