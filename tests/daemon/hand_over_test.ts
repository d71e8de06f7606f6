import assert from "node:assert/strict";
import { OwnHandOver, type OwnHandOverOptions, takeOver } from "../../lib/daemon/hand_over.ts";
import type { Predecessor, PredecessorLine, PredecessorWord } from "../../lib/admin/hand_over.ts";
import { SILENT_LOG } from "../../lib/log.ts";
import { Notice } from "../../lib/daemon/notice.ts";
import { lockForHandOver } from "../../lib/file/hand_over_lock.ts";
import { JsonLine } from "../../lib/net/json_line.ts";
import { recordedLog, temporaryFolder, until } from "../certificate/helpers.ts";
import { ComingBack } from "../../lib/session/coming_back.ts";
import type { Session } from "../../lib/session/session.ts";
import { ManualClock } from "../manual_clock.ts";

function setUp(settled: Promise<void> = Promise.resolve(), stateDir = "/state") {
  const did: string[] = [];
  const clock = new ManualClock();
  const beyond: OwnHandOverOptions["beyond"] = {};
  const comingBack = new ComingBack<Session>({ onGone() {} });
  comingBack.add("zoe", 0);
  const own = new OwnHandOver({
    sessions: { get: () => undefined, usernames: () => ["kaylee"].values(), comingBack },
    changes: new Notice(),
    reloadTold: new Notice(),
    control: { replace() {}, recheck: () => Promise.resolve(), sendOver: () => Promise.resolve() },
    beyond,
    behind: {
      usernames: () => ["river", "zoe"].values(),
      stop: () => void did.push("look back no more"),
    },
    hub: { settled: () => settled, dropVisitors() {} },
    servers: {
      open: (...groups) => void did.push(`open ${groups}`),
      stop: (group) => Promise.resolve(void did.push(`stop ${group}`)),
    },
    addresses: () => [["hub", { hostname: "127.0.0.1", port: 8443 }]],
    settings: { stateDir },
    log: SILENT_LOG,
    schedule: clock.schedule,
  });
  return { did, clock, own, beyond };
}

function disposable({ release }: { release: () => void }): Disposable {
  return { [Symbol.dispose]: release };
}

Deno.test("OwnHandOver goes on when its successor dies between the steps", async () => {
  const { did, clock, own } = setUp();
  assert.deepEqual(await own.leaveVisitors(), {
    online: ["kaylee", "zoe", "river"],
    ports: { hub: 8443 },
  });
  clock.advance(15_000);
  assert.deepEqual(did, ["stop visitors", "stop data", "open visitors,data"]);
  assert.equal(own.isDone, false);

  await own.leaveVisitors();
  await own.leaveClients();
  await own.done;
  clock.advance(60_000);
  assert.deepEqual(did.slice(3), ["stop visitors", "stop data", "look back no more"]);
  assert.equal(clock.waiting, 0);
});

Deno.test("OwnHandOver goes on as soon as its successor has ended, and once", async () => {
  await using folder = temporaryFolder();
  const { did, clock, own } = setUp(undefined, folder.path);
  const path = own.openLine();
  const conn = await Deno.connect({ transport: "unix", path });
  const line: PredecessorLine = new JsonLine(conn);
  const heard: PredecessorWord[] = [];
  line.hear((word) => heard.push(word));
  await until(() => heard.length > 0, "the line is open");
  assert.deepEqual(heard, [{ type: "online", usernames: ["kaylee"] }]);
  await assert.rejects(Deno.connect({ transport: "unix", path }), "nobody else comes");
  await own.leaveVisitors();
  assert.deepEqual(clock.remaining, [15_000]);
  conn.close();
  await until(() => did.length > 2, "it goes on");
  clock.advance(15_000);
  assert.deepEqual(did, ["stop visitors", "stop data", "open visitors,data"]);
  assert.equal(clock.waiting, 0);
  // The end of one without a line is seen by the clock alone.
  await own.leaveVisitors();
  assert.deepEqual(clock.remaining, [5_000]);
});

Deno.test("OwnHandOver that goes on has late visitors look again who wait for a successor that is stuck", async () => {
  await using folder = temporaryFolder();
  const { clock, own, beyond } = setUp(undefined, folder.path);
  const line: PredecessorLine = new JsonLine(
    await Deno.connect({ transport: "unix", path: own.openLine() }),
  );
  const heard: PredecessorWord[] = [];
  line.hear((word) => heard.push(word));
  await until(() => heard.length > 0, "the line is open");
  await own.leaveVisitors();
  const dialled = beyond.successor!.reach("kaylee").dial(
    { address: "192.0.2.1", port: 1234 },
    new AbortController().signal,
  );
  await until(() => heard.length > 1, "the successor is asked");
  clock.advance(15_000);
  assert.deepEqual(await dialled, { state: "ended" });
  assert.equal(beyond.successor, undefined);
  own.close();
  await line.closed;
});

Deno.test("OwnHandOver that stops opens nothing again, whatever becomes of its successor", async () => {
  await using folder = temporaryFolder();
  for (const end of ["resume", "line", "clock"] as const) {
    const settled = Promise.withResolvers<void>();
    const { did, clock, own } = setUp(settled.promise, folder.path);
    const conn = await Deno.connect({ transport: "unix", path: own.openLine() });
    const line: PredecessorLine = new JsonLine(conn);
    const heard = Promise.withResolvers<PredecessorWord>();
    line.hear(heard.resolve);
    await heard.promise;
    const leaving = own.leaveVisitors();
    own.stop();
    assert.throws(() => own.openLine(), /stops/);
    if (end === "resume") await own.resume();
    else if (end === "clock") clock.advance(15_000);
    else {
      conn.close();
      await until(() => clock.waiting === 0, "its end is seen");
    }
    settled.resolve();
    await leaving;
    assert.deepEqual([end, did], [end, ["stop visitors", "stop data"]]);
    own.close();
    await line.closed;
  }
});

Deno.test("OwnHandOver closes the line to a successor of which it knows what came", async () => {
  await using folder = temporaryFolder();
  const { own } = setUp(undefined, folder.path);
  const line: PredecessorLine = new JsonLine(
    await Deno.connect({ transport: "unix", path: own.openLine() }),
  );
  const heard = Promise.withResolvers<PredecessorWord>();
  line.hear(heard.resolve);
  await heard.promise;
  own.close();
  await line.closed;
  // One that opens none leaves nothing behind.
  own.openLine();
  own.stop();
  await until(() => [...Deno.readDirSync(folder.path)].length === 0, "its socket is gone");
});

Deno.test("OwnHandOver gives the next successor of one that died as long as any", async () => {
  const { did, clock, own } = setUp();
  await own.leaveVisitors();
  clock.advance(4_000);
  await own.leaveVisitors();
  did.length = 0;
  clock.advance(4_000);
  assert.deepEqual(did, []);
  clock.advance(1_000);
  assert.deepEqual(did, ["open visitors,data"]);
  assert.equal(clock.waiting, 0);
});

Deno.test("lockForHandOver() waits no longer once it is told to stop", async () => {
  await using folder = temporaryFolder();
  using _held = disposable((await lockForHandOver(folder.path, 1))!);
  const stop = new AbortController();
  const waiting = lockForHandOver(folder.path, 1, stop.signal);
  stop.abort(new Error("told to stop"));
  await assert.rejects(waiting, /told to stop/);
});

Deno.test("OwnHandOver keeps its data port where it goes on before its visitors have settled", async () => {
  const settled = Promise.withResolvers<void>();
  const { did, own } = setUp(settled.promise);
  const leaving = own.leaveVisitors();
  await Promise.resolve();
  await own.resume();
  settled.resolve();
  await assert.rejects(leaving, /goes on/);
  assert.deepEqual(did, ["stop visitors", "open visitors,data"]);
});

Deno.test("takeOver() opens each listener before its predecessor closes it, but the data port", async () => {
  const did: string[] = [];
  const awaited: string[] = [];
  const note = (what: string, online: string[]) => {
    did.push(what);
    return Promise.resolve({ online, ports: {} });
  };
  const predecessor: Predecessor = {
    lines: () => Promise.resolve([]),
    look: () => note("look", ["kaylee"]),
    leaveVisitors: () => note("leave visitors", ["kaylee", "zoe", "river"]),
    resume: () => Promise.resolve(void did.push("resume")),
    leaveClients: () => Promise.resolve(void did.push("leave clients")),
  };
  const sessions = { await: (name: string) => void awaited.push(name), get: () => undefined };
  const servers = { open: (...groups: string[]) => void did.push(`open ${groups}`) };
  const behind = {
    watch: () => Promise.resolve(void did.push("watch")),
    has: (username: string) => username === "river",
  };
  const parts = { sessions, servers, behind, log: SILENT_LOG };
  await takeOver(predecessor, parts);
  assert.deepEqual(did, [
    "watch",
    "look",
    "open visitors",
    "leave visitors",
    "open data,control",
    "leave clients",
  ]);
  assert.deepEqual(new Set(awaited), new Set(["kaylee", "zoe"]));

  // Told to stop on the way: the other one goes on.
  did.length = 0;
  const signal = AbortSignal.abort(new Error("told to stop"));
  await assert.rejects(takeOver(predecessor, { ...parts, signal }), /told to stop/);
  assert.deepEqual(did.slice(-2), ["open data,control", "resume"]);

  // One of an earlier version has no line.
  did.length = 0;
  const log = recordedLog();
  const watch = () => Promise.reject(new Error("knows no line"));
  await takeOver(predecessor, { ...parts, log, behind: { ...behind, watch } });
  assert.equal(did.at(-1), "leave clients");
  assert.match(log.text(), /warn visitors wait for clients .*knows no line/);
});
