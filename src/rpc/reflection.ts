import { create } from "@bufbuild/protobuf";
import { Code } from "../../gen/google/rpc/code_pb.ts";
import {
  type ServerReflection,
  type ServerReflectionRequest,
  ServerReflectionResponseSchema,
} from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import {
  type ServerReflection as ServerReflectionAlpha,
  type ServerReflectionRequest as ServerReflectionRequestAlpha,
  ServerReflectionResponseSchema as ServerReflectionResponseSchemaAlpha,
} from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import type { DescriptorIndex } from "./descriptor-index.ts";
import type { Handlers } from "./endpoint.ts";

type Asked = (ServerReflectionRequest | ServerReflectionRequestAlpha)["messageRequest"];
/** The same in both versions, whose messages differ by name alone. */
type Told =
  | { case: "listServicesResponse"; value: { service: { name: string }[] } }
  | { case: "fileDescriptorResponse"; value: { fileDescriptorProto: Uint8Array[] } }
  | { case: "allExtensionNumbersResponse"; value: { baseTypeName: string; extensionNumber: number[] } }
  | { case: "errorResponse"; value: { errorCode: number; errorMessage: string } };

/** What callers without proto files learn about this server: its services, and the files that describe them. */
export class Reflection {
  readonly #index: DescriptorIndex;
  readonly #services: readonly string[];

  constructor(index: DescriptorIndex, services: readonly string[]) {
    this.#index = index;
    this.#services = services;
  }

  handlers(): Handlers<typeof ServerReflection> {
    const tell = (request: ServerReflectionRequest) =>
      create(ServerReflectionResponseSchema, {
        validHost: request.host,
        originalRequest: request,
        messageResponse: this.#tell(request.messageRequest),
      });
    return {
      serverReflectionInfo: async (requests, _context, send) => {
        for await (const request of requests) await send(tell(request));
      },
    };
  }

  /** The same under the older name, which older tools ask for. */
  alphaHandlers(): Handlers<typeof ServerReflectionAlpha> {
    const tell = (request: ServerReflectionRequestAlpha) =>
      create(ServerReflectionResponseSchemaAlpha, {
        validHost: request.host,
        originalRequest: request,
        messageResponse: this.#tell(request.messageRequest),
      });
    return {
      serverReflectionInfo: async (requests, _context, send) => {
        for await (const request of requests) await send(tell(request));
      },
    };
  }

  #tell(asked: Asked): Told {
    switch (asked.case) {
      case "listServices":
        return listed(this.#services);
      case "fileByFilename":
        return files(this.#index.fileByName(asked.value), `file ${asked.value}`);
      case "fileContainingSymbol":
        return files(this.#index.fileContainingSymbol(asked.value), `symbol ${asked.value}`);
      case "fileContainingExtension": {
        const { containingType, extensionNumber } = asked.value;
        const found = this.#index.fileContainingExtension(containingType, extensionNumber);
        return files(found, `extension ${extensionNumber} of ${containingType}`);
      }
      case "allExtensionNumbersOfType":
        return numbers(this.#index.extensionNumbers(asked.value), asked.value);
      case undefined:
        return failed(Code.UNIMPLEMENTED, "this server knows no such question");
    }
  }
}

function listed(services: readonly string[]): Told {
  return { case: "listServicesResponse", value: { service: services.map((name) => ({ name })) } };
}

function files(found: Uint8Array[] | undefined, what: string): Told {
  if (found === undefined) return failed(Code.NOT_FOUND, `this server has no ${what}`);
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto: found } };
}

function numbers(found: number[] | undefined, baseTypeName: string): Told {
  if (found === undefined) return failed(Code.NOT_FOUND, `this server has no message ${baseTypeName}`);
  return { case: "allExtensionNumbersResponse", value: { baseTypeName, extensionNumber: found } };
}

function failed(errorCode: number, errorMessage: string): Told {
  return { case: "errorResponse", value: { errorCode, errorMessage } };
}
