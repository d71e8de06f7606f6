import assert from "node:assert/strict";
import { join } from "node:path";
import { OwnHandOver, takeOver } from "../../lib/daemon/hand_over.ts";
import { type HandOver, handOverOf } from "../../lib/admin/hand_over.ts";
import { SILENT_LOG } from "../../lib/log.ts";
import { Notice } from "../../lib/daemon/notice.ts";
import { watchSuccessor } from "../../lib/daemon/successor.ts";
import { holderOfHandOverLock, lockForHandOver } from "../../lib/file/hand_over_lock.ts";
import { acquireLock } from "../../lib/file/lock.ts";
import { temporaryFolder, until } from "../certificate/helpers.ts";
import { ComingBack } from "../../lib/session/coming_back.ts";
import type { Session } from "../../lib/session/session.ts";
import { ManualClock } from "../manual_clock.ts";

function setUp(settled: Promise<void> = Promise.resolve()) {
  const did: string[] = [];
  const clock = new ManualClock();
  const successorGone = new Notice<void>();
  const watched = { begun: 0, ended: 0 };
  const comingBack = new ComingBack<Session>({ onGone() {} });
  comingBack.add("zoe", 0);
  const own = new OwnHandOver({
    sessions: { usernames: () => ["kaylee"].values(), comingBack },
    hub: { settled: () => settled },
    servers: {
      open: (...groups) => void did.push(`open ${groups}`),
      stop: (group) => Promise.resolve(void did.push(`stop ${group}`)),
    },
    addresses: () => [["hub", { hostname: "127.0.0.1", port: 8443 }]],
    settings: { stateDir: "/state" },
    process: 1,
    log: SILENT_LOG,
    watch(_stateDir, _process, onGone) {
      successorGone.on(onGone);
      watched.begun++;
      return () => void watched.ended++;
    },
    schedule: clock.schedule,
  });
  return { did, clock, own, watched, endSuccessor: successorGone.tell };
}

function disposable({ release }: { release: () => void }): Disposable {
  return { [Symbol.dispose]: release };
}

Deno.test("OwnHandOver goes on when its successor dies between the steps", async () => {
  const { did, clock, own } = setUp();
  assert.deepEqual(await own.leaveVisitors(), { online: ["kaylee", "zoe"], ports: { hub: 8443 } });
  clock.advance(15_000);
  assert.deepEqual(did, ["stop visitors", "stop data", "open visitors,data"]);
  assert.equal(own.isDone, false);

  await own.leaveVisitors();
  await own.leaveClients();
  await own.done;
  clock.advance(60_000);
  assert.deepEqual(did.slice(3), ["stop visitors", "stop data"]);
  assert.equal(clock.waiting, 0);
});

Deno.test("OwnHandOver goes on as soon as its successor has ended, and once", async () => {
  const { did, clock, own, endSuccessor } = setUp();
  await own.leaveVisitors();
  endSuccessor();
  endSuccessor();
  clock.advance(15_000);
  assert.deepEqual(did, ["stop visitors", "stop data", "open visitors,data"]);
  assert.equal(clock.waiting, 0);
});

Deno.test("OwnHandOver gives the next successor of one that died as long as any", async () => {
  const { did, clock, own, watched } = setUp();
  await own.leaveVisitors();
  clock.advance(14_000);
  await own.leaveVisitors();
  assert.deepEqual(watched, { begun: 2, ended: 1 });
  did.length = 0;
  clock.advance(14_000);
  assert.deepEqual(did, []);
  clock.advance(1_000);
  assert.deepEqual(did, ["open visitors,data"]);
  assert.deepEqual([watched, clock.waiting], [{ begun: 2, ended: 2 }, 0]);
});

Deno.test("lockForHandOver() waits no longer once it is told to stop", async () => {
  await using folder = temporaryFolder();
  using _held = disposable((await lockForHandOver(folder.path, 1))!);
  const stop = new AbortController();
  const waiting = lockForHandOver(folder.path, 1, stop.signal);
  stop.abort(new Error("told to stop"));
  await assert.rejects(waiting, /told to stop/);
});

Deno.test("watchSuccessor() tells that a successor has ended though the next one has the lock by then", async () => {
  await using folder = temporaryFolder();
  const lock = (await lockForHandOver(folder.path, 1))!;
  const told: string[] = [];
  using _watch = disposable({
    release: watchSuccessor(folder.path, 1, () => told.push("it has ended")),
  });
  // Until it has looked for the first time.
  for (let i = 0; i < 2; i++) await holderOfHandOverLock(folder.path, 1);
  const next = acquireLock(join(folder.path, "hand-over.lock"), {
    ...{ owner: "the next", waitMs: 5_000, tryEveryMs: 1 },
  });
  lock.release();
  using _next = disposable((await next)!);
  await until(() => told.length > 0, "the end is seen");
});

Deno.test("watchSuccessor() tells that who held the lock has ended, and nothing of who took none", async () => {
  await using folder = temporaryFolder();
  const lock = await lockForHandOver(folder.path, 1);
  const told: string[] = [];
  const watch = (process: number, name: string): () => void =>
    watchSuccessor(folder.path, process, () => told.push(name));
  const ends = [watch(2, "takes no lock"), watch(1, "holds it")];
  watch(1, "watched no more")();
  // Until they have looked for the first time.
  for (let i = 0; i < 2; i++) {
    assert.match((await holderOfHandOverLock(folder.path, 1))!, /^successor/);
  }
  lock!.release();
  await until(() => told.length > 0, "the end is seen");
  for (const end of ends) end();
  assert.deepEqual(told, ["holds it"]);
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
  const predecessor: HandOver = {
    look: () => note("look", ["kaylee"]),
    leaveVisitors: () => note("leave visitors", ["kaylee", "zoe"]),
    resume: () => Promise.resolve(void did.push("resume")),
    leaveClients: () => Promise.resolve(void did.push("leave clients")),
  };
  const sessions = { await: (name: string) => void awaited.push(name), get: () => undefined };
  const servers = { open: (...groups: string[]) => void did.push(`open ${groups}`) };
  await takeOver(predecessor, { sessions, servers });
  assert.deepEqual(did, [
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
  await assert.rejects(takeOver(predecessor, { sessions, servers, signal }), /told to stop/);
  assert.deepEqual(did.slice(-2), ["open data,control", "resume"]);
});

Deno.test("handOverOf() has done a step once all have, and fails with any of them", async () => {
  const did: string[] = [];
  function relay(name: string, online: string[]): HandOver {
    const note = async (what: string) => {
      did.push(`${name} ${what}`);
      await Promise.resolve();
      did.push(`${name} did`);
    };
    const standing = { online, ports: { data: name === "one" ? 9000 : 9001 } };
    return {
      look: () => note("looks").then(() => standing),
      leaveVisitors: () => Promise.reject(new Error(`${name} cannot`)),
      resume: () => note("resumes"),
      leaveClients: () => note("leaves"),
    };
  }
  const both = handOverOf([relay("one", ["kaylee", "river"]), relay("other", ["river", "zoe"])]);
  assert.deepEqual(await both.look(), {
    online: ["kaylee", "river", "zoe"],
    ports: { data: 9000 },
  });
  await assert.rejects(both.leaveVisitors(), /cannot/);
  for (const [step, what] of [["resume", "resumes"], ["leaveClients", "leaves"]] as const) {
    did.length = 0;
    await both[step]();
    assert.deepEqual(did, [`one ${what}`, `other ${what}`, "one did", "other did"]);
  }

  // One that fails is told of once no other is amid the step.
  const gone = { ...relay("gone", []), look: () => Promise.reject(new Error("gone")) };
  did.length = 0;
  await assert.rejects(handOverOf([gone, relay("one", [])]).look(), /gone/);
  assert.deepEqual(did, ["one looks", "one did"]);
  // What cannot leave for good has nothing to leave, but where it is the only one.
  const dead = { ...gone, leaveClients: () => Promise.reject(new Error("dead")) };
  await handOverOf([dead, relay("one", [])]).leaveClients();
  await assert.rejects(handOverOf([dead]).leaveClients(), /dead/);
});
