import { expect } from "chai";
import { ArrayBytes, type ArrayType, type Scalar } from "../../src/storage/array-bytes.ts";
import { createSession, type Session } from "../../src/storage/embedded/session.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

type Values = readonly Scalar[];

const LONG = "0123456789".repeat(9);
const UUID = "0199c2a4-7d31-7A53-9c5e-00ffabcdef01";

/** Values of each type, and what PostgreSQL has then, as text. */
const ARRAYS: readonly (readonly [ArrayType, Values, readonly (string | null)[]])[] = [
  ["text", ["", "a", null, `"\\{},`, "NULL"], ["", "a", null, `"\\{},`, "NULL"]],
  [
    "text",
    [LONG, "häß", `${LONG}€`, "😀", `${"x".repeat(39)}é`],
    [LONG, "häß", `${LONG}€`, "😀", `${"x".repeat(39)}é`],
  ],
  ["text", ["\u{d800}"], ["\u{fffd}"]],
  ["uuid", [UUID, null], [UUID.toLowerCase(), null]],
  [
    "bigint",
    [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)],
    ["0", "-1", "9223372036854775807", "-9223372036854775808"],
  ],
  ["bigint", ["42", 7, null], ["42", "7", null]],
  ["integer", [0, -2_147_483_648, 2_147_483_647, null], ["0", "-2147483648", "2147483647", null]],
  ["boolean", [true, null, false], ["true", null, "false"]],
  [
    "timestamptz",
    [
      0n,
      946_684_800_000_000n,
      1_795_953_539_938_098n,
      -1n,
      null,
      -62_135_596_800_000_000n,
      253_402_300_799_999_999n,
    ],
    [
      "1970-01-01 00:00:00+00",
      "2000-01-01 00:00:00+00",
      "2026-11-29 11:58:59.938098+00",
      "1969-12-31 23:59:59.999999+00",
      null,
      "0001-01-01 00:00:00+00",
      "9999-12-31 23:59:59.999999+00",
    ],
  ],
  ["bytea", ["", "00ff", null, "ab".repeat(32)], ["\\x", "\\x00ff", null, `\\x${"ab".repeat(32)}`]],
  ["jsonb", [`{"a": "\\n\\"é"}`, null, "[]"], [`{"a": "\\n\\"é"}`, null, "[]"]],
];

/** What does not fit its type, and would be read as something else. */
const REFUSED: readonly (readonly [ArrayType, Scalar, string])[] = [
  ["uuid", "0199c2a4-7d31-7a53-9c5e-00ffabcdef0", "not a UUID"],
  ["uuid", "0199c2a4-7d31-7a53-9c5e-00ffabcdef012", "not a UUID"],
  ["uuid", "0199c2a4-7d31-7a53-9c5e-00ffabcdefg1", "not a UUID"],
  ["uuid", "0199c2a47d317a539c5e00ffabcdef01", "not a UUID"],
  ["uuid", "0-199c2a47d317a539c5e00ffabc-de-f-01", "not a UUID"],
  ["bigint", 2n ** 63n, "not a bigint"],
  ["integer", 2 ** 31, "not an integer"],
  ["integer", 1.5, "not an integer"],
  ["integer", "1", "not an integer"],
  ["bigint", "", "not a whole number"],
  ["bigint", "0x10", "not a whole number"],
  ["bigint", true, "not a whole number"],
  ["boolean", "true", "not a boolean"],
  ["boolean", 1, "not a boolean"],
  ["timestamptz", -62_135_596_800_000_001n, "not a time of the years 1 to 9999"],
  ["timestamptz", 253_402_300_800_000_000n, "not a time of the years 1 to 9999"],
  ["bytea", "abc", "not in hex"],
  ["bytea", "zz", "not in hex"],
];

const write = (type: ArrayType, values: Values, bytesExpected = 1_000): Buffer =>
  new ArrayBytes(bytesExpected).write(type, values, (value) => value);

describe("an array in PostgreSQL's bytes", () => {
  let database: TestDatabase;
  let session: Session;

  before(async () => {
    database = await createTestDatabase();
    session = createSession({ connectionString: database.url });
    await session.connect();
    await session.query("set time zone 'UTC'");
  });

  after(async () => {
    await session.end();
    await database.drop();
  });

  const read = async (type: ArrayType, array: Buffer): Promise<readonly (string | null)[]> => {
    const text = `select e::text from unnest($1::${type}[]) with ordinality as u (e, n) order by n`;
    const { rows } = await session.query<{ e: string | null }>(text, [array]);
    return rows.map(({ e }) => e);
  };

  for (const [type, values, texts] of ARRAYS) {
    it(`of ${type} is what was written: ${values.map(String).join(", ").slice(0, 60)}`, async () => {
      expect(await read(type, write(type, values))).to.deep.equal(texts);
      expect(await read(type, write(type, values, 1))).to.deep.equal(texts);
    });
  }

  for (const [type, value, why] of REFUSED) {
    it(`is not written of what is ${why}: ${value}`, () => {
      expect(() => write(type, [value])).to.throw(why);
    });
  }

  it("has no element where none has a value", async () => {
    expect(await read("jsonb", write("jsonb", [null, null]))).to.deep.equal([]);
  });

  it("stays as it is when others need more room", async () => {
    const bytes = new ArrayBytes(50);
    const arrays = ["first", LONG, "third", `${LONG}${LONG}`].map((text) =>
      bytes.write("text", [text], String),
    );
    const texts = await Promise.all(arrays.map((array) => read("text", array)));
    expect(texts.flat()).to.deep.equal(["first", LONG, "third", `${LONG}${LONG}`]);
  });
});
