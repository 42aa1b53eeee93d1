import { type DescFile, toBinary } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

type DescType = ReturnType<typeof nestedTypes> extends Iterable<infer Type> ? Type : never;

/** Proto files by their names and by what they declare, with the files that they import. */
export class DescriptorIndex {
  readonly #files = new Map<string, DescFile>();
  readonly #symbols = new Map<string, DescFile>();
  readonly #extensions = new Map<string, Map<number, DescFile>>();

  constructor(files: Iterable<DescFile>) {
    for (const file of files) this.#add(file);
  }

  fileByName(name: string): Uint8Array[] | undefined {
    return encode(this.#files.get(name));
  }

  fileContainingSymbol(symbol: string): Uint8Array[] | undefined {
    return encode(this.#symbols.get(symbol));
  }

  fileContainingExtension(extendee: string, number: number): Uint8Array[] | undefined {
    return encode(this.#extensions.get(extendee)?.get(number));
  }

  /** The numbers of a message's extensions; undefined for what is no message. */
  extensionNumbers(extendee: string): number[] | undefined {
    return this.#symbols.has(extendee) ? [...(this.#extensions.get(extendee)?.keys() ?? [])] : undefined;
  }

  #add(file: DescFile): void {
    if (this.#files.has(file.proto.name)) return;
    this.#files.set(file.proto.name, file);
    for (const imported of file.dependencies) this.#add(imported);
    for (const type of nestedTypes(file)) {
      for (const symbol of symbolsOf(type)) this.#symbols.set(symbol, file);
      if (type.kind === "extension") this.#addExtension(type.extendee.typeName, type.number, file);
    }
  }

  #addExtension(extendee: string, number: number, file: DescFile): void {
    const numbers = this.#extensions.get(extendee) ?? new Map<number, DescFile>();
    this.#extensions.set(extendee, numbers.set(number, file));
  }
}

/** A type's full name, and those of its parts that have no descriptor of their own. */
function symbolsOf(type: DescType): string[] {
  switch (type.kind) {
    case "message": {
      const parts = [...type.fields, ...type.oneofs].map(({ name }) => `${type.typeName}.${name}`);
      return [type.typeName, ...parts];
    }
    case "service":
      return [type.typeName, ...type.methods.map(({ name }) => `${type.typeName}.${name}`)];
    case "enum": {
      // Values are siblings of their enum, as in C++.
      const scope = type.typeName.slice(0, -type.name.length);
      return [type.typeName, ...type.values.map(({ name }) => `${scope}${name}`)];
    }
    case "extension":
      return [type.typeName];
  }
}

/** The file, then all that it imports, each before what it imports itself: whole in one answer. */
function encode(file: DescFile | undefined): Uint8Array[] | undefined {
  if (file === undefined) return undefined;
  const seen = new Set<DescFile>();
  const importsFirst: DescFile[] = [];
  const visit = (each: DescFile): void => {
    if (seen.has(each)) return;
    seen.add(each);
    each.dependencies.forEach(visit);
    importsFirst.push(each);
  };
  visit(file);
  return importsFirst.reverse().map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto));
}
