import assert from "node:assert/strict";
import type { Transport } from "../../lib/session/caller.ts";
import { AFTER_RESTART, ControlSockets } from "../../lib/session/control_sockets.ts";
import { Sessions } from "../../lib/session/sessions.ts";
import { type Redeem, Tickets } from "../../lib/session/tickets.ts";
import { CLOSE } from "../../lib/wire/messages.ts";
import { recordedLog } from "../certificate/helpers.ts";
import { FakeSocket } from "./fake_socket.ts";

/** How fast clients are sent over where that is as fast as they come. */
const PACE = { withinMs: 30_000 };

/** A user's WebSockets, each of which asks whether its token holds and gets the answer from the test. */
function setUp(announced?: (username: string) => Promise<void>) {
  const log = recordedLog();
  const sessions = new Sessions();
  const control = new ControlSockets({
    sessions,
    tickets: new Tickets<Redeem>(),
    online: () => ({ hostname: "h", url: "u", dataHost: "d", dataPort: 1 }),
    ...(announced && { announced }),
    log,
  });
  const opened: FakeSocket[] = [];
  function open(username = "kaylee") {
    const socket = new FakeSocket();
    opened.push(socket);
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const transport: Transport = {
      lastHeardAt: 0,
      allowance: 0,
      keep() {},
      endWithAnswer() {},
      close() {},
    };
    const done = control.open(socket, { username, holds: () => promise, transport });
    return { socket, done, holds: resolve, fails: reject };
  }
  return {
    ...{ log, sessions, control, open },
    async [Symbol.asyncDispose]() {
      await control.drain(AFTER_RESTART);
      for (const socket of opened) if (socket.readyState === WebSocket.OPEN) socket.end();
    },
  };
}

function sessionTest(
  name: string,
  story: (world: ReturnType<typeof setUp>) => Promise<void>,
): void {
  Deno.test(name, async () => {
    await using world = setUp();
    await story(world);
  });
}

sessionTest(
  "Control.open() puts the user online once the token turns out to hold",
  async (world) => {
    const { sessions, open } = world;
    const { socket, done, holds } = open();
    assert.equal(sessions.get("kaylee"), undefined);
    assert.deepEqual(socket.types, []);
    holds(true);
    await done;
    assert.ok(sessions.get("kaylee"));
    assert.deepEqual(socket.types, ["online"]);
  },
);

sessionTest(
  "Control.open() ends a session whose token holds no more",
  async ({ sessions, open }) => {
    const { socket, done, holds } = open();
    holds(false);
    await done;
    assert.equal(socket.code, CLOSE.revoked);
    assert.equal(sessions.get("kaylee"), undefined);
  },
);

sessionTest("a session whose token is revoked while it opens never comes about", async (world) => {
  const { sessions, control, open } = world;
  const { socket, done, holds } = open();
  const other = open("inara");
  // The answer that is on its way was true when it was given.
  control.revoke("kaylee");
  assert.equal(socket.code, CLOSE.revoked);
  holds(true);
  other.holds(true);
  await Promise.all([done, other.done]);
  assert.deepEqual(socket.types, ["goodbye"]);
  assert.deepEqual([...sessions.usernames()], ["inara"]);
});

sessionTest(
  "the newest of a user's WebSockets wins, whichever is found to hold first",
  async (world) => {
    const { sessions, open } = world;
    const [older, newer] = [open(), open()];
    newer.holds(true);
    await newer.done;
    const session = sessions.get("kaylee");
    older.holds(true);
    await older.done;
    assert.equal(sessions.get("kaylee"), session);
    assert.equal(older.socket.code, CLOSE.replaced);
    assert.deepEqual(newer.socket.types, ["online"]);
    const newest = open();
    newest.holds(true);
    await newest.done;
    assert.equal(newer.socket.code, CLOSE.replaced);
    assert.notEqual(sessions.get("kaylee"), session);
  },
);

Deno.test("a client is told that it is online once other relays know, and then what was to be told before", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  await using world = setUp(() => promise);
  const { socket, done, holds } = world.open();
  holds(true);
  await new Promise((resolve) => setTimeout(resolve, 0));
  const session = world.sessions.get("kaylee")!;
  const visitor = new AbortController();
  const dialled = session.dial({ address: "192.0.2.1", port: 1 }, visitor.signal);
  assert.deepEqual(socket.types, []);
  resolve();
  await done;
  assert.deepEqual(socket.types, ["online", "connect"]);
  visitor.abort();
  await dialled;
});

Deno.test("a client that another one replaces before other relays know is not told that it is online", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  await using world = setUp(() => promise);
  const older = world.open();
  older.holds(true);
  await new Promise((resolve) => setTimeout(resolve, 0));
  const newer = world.open();
  newer.holds(true);
  await new Promise((resolve) => setTimeout(resolve, 0));
  resolve();
  await Promise.all([older.done, newer.done]);
  assert.deepEqual([older.socket.types, newer.socket.types], [["goodbye"], ["online"]]);
});

sessionTest(
  "a client that leaves while its token is looked up is not put online",
  async (world) => {
    const { sessions, open } = world;
    const { socket, done, holds } = open();
    socket.end();
    holds(true);
    await done;
    assert.equal(sessions.get("kaylee"), undefined);
    assert.deepEqual(socket.types, []);
  },
);

sessionTest("who comes in when the others were sent away is sent away too", async (world) => {
  const { sessions, control, open } = world;
  for (
    const leave of [
      control.drain(AFTER_RESTART),
      control.sendOver(() => Promise.resolve(), PACE),
    ]
  ) {
    await leave;
    const { socket, done, holds } = open();
    holds(true);
    await done;
    assert.equal(sessions.get("kaylee"), undefined);
    assert.deepEqual([socket.types, socket.sent[0]!.reason], [["goodbye"], "draining"]);
  }
});

sessionTest(
  "clients of a relay that restarts are asked back soon, and spread by their number",
  async (world) => {
    const { control, open } = world;
    const sockets = await Promise.all(Array.from({ length: 1_000 }, async (_, i) => {
      const { socket, done, holds } = open(`user${i}`);
      holds(true);
      await done;
      return socket;
    }));
    await control.drain(AFTER_RESTART);
    const asked = sockets.map(({ sent }) => sent.at(-1)!.retryAfterMs!);
    assert.ok(asked.every((ms) => ms >= 500 && ms < 1_500), `${asked}`);
    const inTenth = (tenth: number): number =>
      asked.filter((ms) => Math.floor((ms - 500) / 100) === tenth).length;
    for (let tenth = 0; tenth < 10; tenth++) {
      assert.ok(
        inTenth(tenth) > 40 && inTenth(tenth) < 200,
        `${inTenth(tenth)} in a tenth of the time`,
      );
    }
  },
);

sessionTest(
  "clients are sent over a few at a time, as fast as they come there",
  async (world) => {
    const { control, open } = world;
    for (let i = 0; i < 120; i++) {
      const { done, holds } = open(`user${i}`);
      holds(true);
      await done;
    }
    const left: string[] = [];
    const arriving: (() => void)[] = [];
    const sent = control.sendOver((username) => {
      left.push(username);
      return new Promise((resolve) => arriving.push(resolve));
    }, PACE);
    // What follows an arrival is done within a turn of the event loop.
    const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
    await turn();
    assert.equal(left.length, 4);
    // For each that was there soon two more go: one in its place, and one since it was soon.
    arriving[0]!();
    await turn();
    assert.equal(left.length, 6);
    for (let i = 1; i < 120; i++) {
      arriving[i]!();
      await turn();
    }
    await sent;
    assert.equal(new Set(left).size, 120);
  },
);

sessionTest("what a client says early is heard once it is online", async ({ open }) => {
  const { socket, done, holds } = open();
  socket.say({ type: "pool", size: 2 });
  assert.deepEqual(socket.types, []);
  holds(true);
  await done;
  assert.deepEqual(socket.types, ["online", "tickets"]);
  socket.say({ type: "pool", size: 3 });
  await Promise.resolve();
  assert.deepEqual(socket.types, ["online", "tickets", "tickets"]);
});

sessionTest("a client whose token cannot be looked up is sent away for a while", async (world) => {
  const { sessions, log, open } = world;
  const { socket, done, fails } = open();
  fails(new Error("disk I/O error"));
  await done;
  assert.equal(socket.code, CLOSE.draining);
  assert.deepEqual(socket.sent, [{ type: "goodbye", reason: "draining", retryAfterMs: 60_000 }]);
  assert.equal(sessions.get("kaylee"), undefined);
  assert.match(log.text(), /error cannot tell whether a client may be online .*disk I\/O error/);
});
