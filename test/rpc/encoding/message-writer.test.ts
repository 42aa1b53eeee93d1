import { toBinary } from "@bufbuild/protobuf";
import { expect } from "chai";
import { writerOf } from "../../../src/rpc/encoding/message-writer.ts";
import { Random } from "../../simulator/random.ts";
import { REQUESTS, RESPONSES } from "../../support/contract.ts";
import { randomMessage } from "../../support/random-message.ts";

const ROOM = 262_144;
const EACH = 200;

/** Not by `encode`, which would ask the library where a writer fails. */
describe("a message's writer", () => {
  const schemas = [...REQUESTS, ...RESPONSES];

  for (const schema of schemas) {
    it(`writes ${schema.typeName} as the library does, whatever is set`, () => {
      const bytes = Buffer.alloc(ROOM);
      for (let seed = 0; seed < EACH; seed++) {
        const message = randomMessage(schema, new Random(seed));
        const expected = Buffer.from(toBinary(schema, message));
        const begin = writerOf(schema)(bytes, ROOM, message);
        expect(bytes.subarray(begin).equals(expected), `seed ${seed}`).to.equal(true);
      }
    });
  }

  it("tells by how much there was too little room, and writes nothing in front of the bytes", () => {
    for (const schema of schemas) {
      for (let seed = 0; seed < EACH; seed++) {
        const message = randomMessage(schema, new Random(seed));
        const length = toBinary(schema, message).length;
        const room = new Random(seed).below(length + 1);
        const memory = Buffer.alloc(100 + room, 0xee);
        const begin = writerOf(schema)(memory.subarray(100, 100 + room), room, message);
        expect(begin).to.equal(room - length);
        expect(memory.subarray(0, 100).every((byte) => byte === 0xee)).to.equal(true);
      }
    }
  });
});
