import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { connect, type ServerHttp2Stream } from "node:http2";
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import { StreamTable } from "../../src/rpc/stream-table.ts";
import { Random } from "../simulator/random.ts";
import { DoorsUnderTest } from "./doors-under-test.ts";

describe("the table of a connection's streams", () => {
  // Some stay while thousands come and go; of the most, more are open at a time than have places.
  for (const openMax of [10, 100, 6_000]) {
    it(`holds what a Map would, whatever comes and goes, with ${openMax} open`, () => {
      for (let seed = 1; seed <= 3; seed += 1) comeAndGo(new Random(seed, openMax), openMax);
    });
  }

  it("tells of each, also where those are deleted who are told of", () => {
    const table = new StreamTable<number>();
    // The last ones have the places of the first.
    const ids = Array.from({ length: 5_000 }, (_, index) => 1 + index * 2);
    for (const id of ids) table.set(id, -id);
    const told: number[] = [];
    table.forEach((stream, id, self) => {
      expect(stream).to.equal(-id);
      told.push(id);
      self.delete(id);
    });
    expect(told.sort((a, b) => a - b)).to.deep.equal(ids);
    expect(table.size).to.equal(0);
  });

  it("holds each that is set again, wherever it was", () => {
    const table = new StreamTable<string>();
    const map = new Map<number, string>();
    // All have the same places, of which there are four.
    const ids = Array.from({ length: 9 }, (_, index) => 1 + index * 2 * 4_096);
    const set = (id: number, stream: string) => [table, map].map((each) => each.set(id, stream));
    for (const id of ids) set(id, "first");
    for (const id of ids.slice(0, 3)) expect(table.delete(id)).to.equal(map.delete(id));
    for (const id of ids) set(id, "again");
    expectSame(table, map);
    for (const id of ids) expect(table.delete(id)).to.equal(true);
    expectSame(table, new Map());
  });

  it("tells of those that were there, also where who is told sets more", () => {
    const table = new StreamTable<number>();
    for (let id = 1; id < 80; id += 2) table.set(id, id);
    const told: number[] = [];
    table.forEach((_, id) => {
      told.push(id);
      for (let more = 1_001; more < 1_200; more += 2) table.set(more * id, id);
    });
    expect(told).to.have.lengthOf(40);
  });

  it("holds on to none that is deleted", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const table = new StreamTable<object>();
    const gone = [1, 3, 5].map((id) => {
      const stream = { id };
      table.set(id, stream);
      table.delete(id);
      return new WeakRef(stream);
    });
    // A reference that was just made, or asked, holds until the next turn.
    await setImmediate();
    collect();
    expect(gone.map((reference) => reference.deref())).to.deep.equal([undefined, undefined, undefined]);
    expect(table.size).to.equal(0);
  });
});

describe("a connection of each door", () => {
  const doors = new DoorsUnderTest();
  const sessions: object[] = [];
  const onStream = (message: unknown) => {
    const { session } = (message as { stream: ServerHttp2Stream }).stream;
    if (session) sessions.push(session);
  };

  before(async () => {
    await doors.open();
    subscribe("http2.server.stream.created", onStream);
  });
  after(() => {
    unsubscribe("http2.server.stream.created", onStream);
    return doors.close();
  });

  for (const door of ["grpcAddress", "httpAddress"] as const) {
    it(`keeps its streams in such a table (${door})`, async () => {
      const session = connect(`http://${doors[door]}`);
      const stream = session.request({
        ":method": "POST",
        ":path": "/a/B",
        "content-type": "application/grpc",
      });
      await once(stream.end().resume(), "close");
      const served = sessions.at(-1) ?? {};
      const states = Object.getOwnPropertySymbols(served).map((key) => Reflect.get(served, key));
      expect(states.some((state) => state?.streams instanceof StreamTable)).to.equal(true);
      session.destroy();
    });
  }
});

function comeAndGo(random: Random, openMax: number): void {
  const map = new Map<number, string>();
  const table = new StreamTable<string>();
  const ids: number[] = [];
  for (let nextId = 1 + random.below(2); nextId < 20_000; nextId += 2) {
    ids.push(nextId);
    // The first are the oldest.
    const at = random.below(Math.min(ids.length, 20));
    const again = ids[at] ?? 0;
    for (const id of [nextId, again]) for (const each of [map, table]) each.set(id, `${id} of ${nextId}`);
    if (ids.length > openMax || random.percent(5)) {
      const [gone = 0] = ids.splice(at, 1);
      for (const id of [gone, gone]) expect(table.delete(id)).to.equal(map.delete(id));
    }
    for (const id of [nextId, again, nextId - 2, nextId + 2]) expectSameOf(id, table, map);
  }
  expectSame(table, map);
  table.clear();
  expectSame(table, new Map());
}

function expectSameOf(id: number, table: StreamTable<string>, map: ReadonlyMap<number, string>): void {
  const told = { stream: table.get(id), has: table.has(id), size: table.size };
  expect(told).to.deep.equal({ stream: map.get(id), has: map.has(id), size: map.size });
}

function expectSame(table: StreamTable<string>, map: ReadonlyMap<number, string>): void {
  const sorted = <T>(entries: Iterable<T>, idOf: (entry: T) => number): T[] =>
    [...entries].sort((a, b) => idOf(a) - idOf(b));
  expect(sorted(table, ([id]) => id)).to.deep.equal(sorted(map, ([id]) => id));
  expect(sorted(table.keys(), (id) => id)).to.deep.equal(sorted(map.keys(), (id) => id));
  expect([...table.values()].sort()).to.deep.equal([...map.values()].sort());
}
