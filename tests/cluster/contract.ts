import assert from "node:assert/strict";
import {
  type ClusterEngine,
  type EngineListener,
  PAGE,
  type PresenceRow,
} from "../../lib/cluster/engine.ts";

/** An engine of a kind, for a test of {@linkcode testEngine}. */
export interface EngineSubject {
  /** An engine for a process of a relay, over the same database as the others of the test. */
  open(relay: string, boot: string): Promise<ClusterEngine>;
  /** Sets the database's clock so many seconds off, while all go on. */
  setClock(seconds: number): void;
  close(): Promise<void>;
}

const QUIET: EngineListener = { onHearing() {}, onDeaf() {}, onChange() {}, onMessage() {} };
const FIGURES = { users: 3, visitors: 4 };

/** Everybody who is online, while nothing changes. */
async function onlineOf(engine: ClusterEngine): Promise<PresenceRow[]> {
  const online: PresenceRow[] = [];
  for (let page: PresenceRow[], last = "";; last = page.at(-1)!.username) {
    online.push(...page = await engine.onlineBehind(last));
    if (page.length < PAGE) return online;
  }
}

/** Tests an engine's part of the contract of {@linkcode ClusterEngine}. */
export function testEngine(kind: string, begin: () => Promise<EngineSubject>): void {
  function test(
    name: string,
    run: (open: EngineSubject["open"], setClock: EngineSubject["setClock"]) => Promise<void>,
  ): void {
    Deno.test(`${kind}: ${name}`, async () => {
      const subject = await begin();
      const engines: ClusterEngine[] = [];
      try {
        await run(async (relay, boot) => {
          const engine = await subject.open(relay, boot);
          engines.push(engine);
          return engine;
        }, subject.setClock);
      } finally {
        await Promise.all(engines.map((engine) => engine.leave()));
        await subject.close();
      }
    });
  }

  test("announce() has all know who is online where", async (open) => {
    const [a, b] = [await open("a", "a1"), await open("b", "b1")];
    const changed = Promise.withResolvers<void>();
    await b.listen({ ...QUIET, onChange: changed.resolve });
    await a.join();
    await b.join();
    const start = await b.lastChange(0);
    const epochs = await a.announce([{ username: "kaylee", ageMs: 0 }], []);
    await changed.promise;
    const { presence, number } = await b.changesSince(start.number);
    const epoch = epochs.get("kaylee")!;
    assert.deepEqual(presence, [
      { username: "kaylee", relay: "a", boot: "a1", epoch, state: "online" },
    ]);
    assert.deepEqual((await b.changesSince(number)).presence, [], "nothing is new");

    await a.announce([], [{ username: "kaylee", state: "gone" }]);
    assert.equal((await b.changesSince(number)).presence[0]?.state, "gone");
    assert.deepEqual(await onlineOf(b), [], "nobody is online");
  });

  test("announce() lets the newest session of a user hold", async (open) => {
    const [a, b] = [await open("a", "a1"), await open("b", "b1")];
    await a.join();
    await b.join();
    const atA = (await a.announce([{ username: "kaylee", ageMs: 0 }], [])).get("kaylee")!;
    const atB = (await b.announce([{ username: "kaylee", ageMs: 0 }], [])).get("kaylee")!;
    assert.ok(atB > atA);
    const again = await a.announce([{ username: "kaylee", ageMs: 5_000, epoch: atA }], []);
    assert.equal(again.size, 0, "as before, it is the older one");
    const old = await a.announce([{ username: "kaylee", ageMs: 60_000 }], []);
    assert.equal(old.size, 0, "announced late, and older");
    // What it says of the one before changes nothing.
    await a.announce([], [{ username: "kaylee", state: "gone" }]);
    assert.deepEqual(
      (await onlineOf(a)).map(({ relay, epoch }) => [relay, epoch]),
      [["b", atB]],
    );
    await b.announce([], [{ username: "kaylee", state: "left" }]);
    const back = await a.announce([{ username: "kaylee", ageMs: 60_000, epoch: atA }], []);
    assert.ok(back.get("kaylee")! > atB, "nobody else is online");
  });

  test(
    "announce() has who is told of late hold over who was before its clock was set back",
    async (open, setClock) => {
      const [a, b] = [await open("a", "a1"), await open("b", "b1")];
      await a.join();
      await b.join();
      const before = await a.announce([{ username: "kaylee", ageMs: 0 }], []);
      setClock(-3_600);
      const late = await b.announce([{ username: "kaylee", ageMs: 60_000 }], []);
      assert.ok(late.get("kaylee")! > before.get("kaylee")!);
      const again = { username: "kaylee", ageMs: 60_000, epoch: before.get("kaylee")! };
      assert.equal((await a.announce([again], [])).size, 0, "which is not new");
    },
  );

  test("announce() leaves what is told of again as it is, and who is elsewhere to that one", async (open) => {
    const [a, b] = [await open("a", "a1"), await open("b", "b1")];
    await a.join();
    await b.join();
    const held = await a.announce([{ username: "kaylee", ageMs: 0 }], []);
    await b.announce([{ username: "river", ageMs: 0 }], []);
    const { number } = await a.lastChange(0);
    // Of whom it is not known how long they have been here.
    const names = ["kaylee", "river"];
    const asked = names.map((username) => ({ username, ageMs: 0, epoch: 0 }));
    assert.deepEqual([...await a.announce(asked, [])], [...held]);
    assert.deepEqual((await a.changesSince(number)).presence, []);
  });

  test("announce() takes many at once, and those it knows change nothing", async (open) => {
    const a = await open("a", "a1");
    await a.join();
    const arrivals = Array.from({ length: 500 }, (_, i) => ({ username: `user${i}`, ageMs: 0 }));
    const epochs = await a.announce(arrivals, []);
    assert.equal(epochs.size, 500);
    const { number } = await a.lastChange(0);
    const again = arrivals.map((one) => ({ ...one, epoch: epochs.get(one.username)! }));
    assert.deepEqual(await a.announce(again, []), epochs);
    assert.deepEqual((await a.changesSince(number)).presence, []);
  });

  test("who is online, and what changed, is told a page at a time", async (open) => {
    const [a, b] = [await open("a", "a1"), await open("b", "b1")];
    await a.join();
    const { number } = await b.lastChange(0);
    const names = Array.from({ length: PAGE + 500 }, (_, i) => `user${i}`);
    await a.announce(names.map((username) => ({ username, ageMs: 0 })), []);
    await a.notify("cut-off", "user7");
    await a.announce([], [{ username: "user0", state: "left" }]);
    const online = (await onlineOf(b)).map(({ username }) => username);
    assert.deepEqual(online, names.slice(1).sort());

    const first = await b.changesSince(number);
    assert.deepEqual([first.presence.length, first.notices, first.more], [PAGE, [], true]);
    const second = await b.changesSince(first.number);
    assert.deepEqual([second.notices.length, second.more], [1, false]);
    assert.equal(second.number, (await b.lastChange(0)).number);
    const changed = [...first.presence, ...second.presence].map(({ username }) => username);
    assert.deepEqual(changed.toSorted(), names.toSorted(), "each once");
    assert.deepEqual(second.presence.at(-1)!.state, "left");
  });

  test("join() takes the place of the relay's former process", async (open) => {
    const former = await open("a", "a1");
    await former.join();
    await former.announce([{ username: "kaylee", ageMs: 0 }], []);
    const { number } = await former.lastChange(0);
    const successor = await open("a", "a2");
    await successor.join();
    assert.equal((await successor.changesSince(number)).presence[0]?.state, "left");
    assert.deepEqual((await former.beat(FIGURES)).standing, "taken");
    await assert.rejects(former.announce([{ username: "river", ageMs: 0 }], []));
    assert.deepEqual(await successor.beat(FIGURES), { standing: "alive", others: [] });
    const [{ heardMs: _, version: __, ...view }] = await successor.relays() as [
      Awaited<ReturnType<ClusterEngine["relays"]>>[0],
    ];
    assert.deepEqual(view, { id: "a", boot: "a2", alive: true, ...FIGURES });
    await former.leave();
    assert.equal((await successor.relays()).length, 1, "it takes nothing of its successor's along");
  });

  test("join() takes over users who are named and nowhere else, as they are", async (open) => {
    const [former, b] = [await open("a", "a1"), await open("b", "b1")];
    await former.join();
    await b.join();
    const names = ["kaylee", "river", "simon"];
    const epochs = await former.announce(names.map((username) => ({ username, ageMs: 0 })), []);
    await b.announce([{ username: "simon", ageMs: 0 }], []);
    const { number } = await b.lastChange(0);
    const successor = await open("a", "a2");
    const kept = await successor.join(["kaylee", "simon", "nobody"]);
    assert.deepEqual([...kept], [["kaylee", epochs.get("kaylee")]]);
    const { presence } = await b.changesSince(number);
    assert.deepEqual(presence.map(({ username, boot, state }) => [username, boot, state]), [
      ["kaylee", "a2", "online"],
      ["river", "a1", "left"],
    ]);
    await assert.rejects(former.announce([], [{ username: "kaylee", state: "left" }]));
    const again = [{ username: "kaylee", ageMs: 0, epoch: epochs.get("kaylee")! }];
    assert.deepEqual([...await successor.announce(again, [])], [...kept], "it is its own");
    await successor.announce([], [{ username: "kaylee", state: "left" }]);
    assert.deepEqual((await onlineOf(b)).map(({ username }) => username), ["simon"]);
  });

  test("judge() has those count as dead who have not beaten since", async (open) => {
    const [a, b] = [await open("a", "a1"), await open("b", "b1")];
    await a.join();
    await b.join();
    await b.announce([{ username: "kaylee", ageMs: 0 }], []);
    const { others: before } = await a.beat(FIGURES);
    assert.deepEqual(before.map(({ boot }) => boot), ["b1"]);
    await b.beat(FIGURES);
    await a.judge(before);
    assert.equal((await onlineOf(a)).length, 1, "it has beaten");
    const { others } = await a.beat(FIGURES);
    assert.notDeepEqual(others, before);
    await a.judge(others);
    assert.deepEqual(await onlineOf(a), []);
    assert.deepEqual((await a.beat(FIGURES)).others, []);
    assert.equal((await b.beat(FIGURES)).standing, "lost");
    assert.equal((await b.beat(FIGURES)).standing, "alive");
  });

  test("beat() takes part anew where who had its id is dead", async (open) => {
    const [former, successor] = [await open("a", "a1"), await open("a", "a2")];
    await former.join();
    await successor.join();
    const { standing, others } = await former.beat(FIGURES);
    assert.deepEqual([standing, others.map(({ boot }) => boot)], ["taken", ["a2"]]);
    await former.judge(others);
    assert.equal((await former.beat(FIGURES)).standing, "lost");
    assert.equal((await former.beat(FIGURES)).standing, "alive");
    assert.equal((await former.announce([{ username: "kaylee", ageMs: 0 }], [])).size, 1);
  });

  test("leave() has all know that its users left", async (open) => {
    const [a, b] = [await open("a", "a1"), await open("b", "b1")];
    await a.join();
    await b.join();
    await a.announce([{ username: "kaylee", ageMs: 0 }], []);
    const { number } = await b.lastChange(0);
    await a.leave();
    assert.equal((await b.changesSince(number)).presence[0]?.state, "left");
    assert.deepEqual((await b.relays()).map(({ id }) => id), ["b"]);
  });

  test("send() reaches the one relay, and notify() all", async (open) => {
    const [a, b] = [await open("a", "a1"), await open("b", "b1")];
    const texts: string[] = [];
    const got = Promise.withResolvers<void>();
    await a.listen({ ...QUIET, onMessage: () => assert.fail("it is not for this one") });
    await b.listen({
      ...QUIET,
      onMessage(text) {
        texts.push(text);
        if (texts.length === 2) got.resolve();
      },
    });
    await a.join();
    await b.join();
    const { number } = await b.lastChange(0);
    await a.send([{ to: "b1", text: "one" }, { to: "nobody", text: "lost" }]);
    await a.send([{ to: "b1", text: "x".repeat(4_000) }]);
    await got.promise;
    assert.deepEqual(texts.map((text) => text.length), [3, 4_000]);
    await a.notify("cut-off", "kaylee");
    await a.notify("reload");
    assert.deepEqual(
      (await b.changesSince(number)).notices.map(({ kind, username, boot }) => [
        kind,
        username,
        boot,
      ]),
      [["cut-off", "kaylee", "a1"], ["reload", undefined, "a1"]],
    );
    assert.deepEqual((await b.lastChange(0)).notices, [], "of no use to who begins");
    const { notices } = await b.lastChange(60_000);
    assert.deepEqual(notices.map(({ kind }) => kind), ["cut-off", "reload"], "told lately");
  });
}
