import assert from "node:assert/strict";
import { sleep } from "../../lib/net/pause.ts";
import { closeQuietly, writeAll } from "../../lib/net/splice.ts";
import { temporaryFolder, until } from "../certificate/helpers.ts";
import { helloFor, rest, send } from "../stories/hub_visitor.ts";
import { openTls, raw } from "../stories/raw_https.ts";
import { BASE, type Relay, startRelay } from "../stories/relay.ts";
import { connectControl, dialData, readJoin, signUp } from "../stories/user.ts";
import { PacedClock } from "./faults/clock.ts";

/** How many times as fast the relay's time passes while visitors wait. */
const RATE = 20;

/**
 * Visitors who never read; the variable NEVER_READING has another number. With 4000, run this in a network of
 * its own (`unshare --net`) where `net.ipv4.tcp_rmem` and `tcp_wmem` are 32 KiB at most: the kernel has only so
 * much memory for what they do not read.
 */
const NEVER_READING = Number(Deno.env.get("NEVER_READING") ?? 400);

/** What they come for; the relay's own hosts have fewer places, of five descriptors each. */
const COME_FOR = {
  user: 0.3 * NEVER_READING,
  stranger: 0.5 * NEVER_READING,
  page: 0.1 * NEVER_READING,
  api: 0.1 * NEVER_READING,
};

/** Descriptors go to the tables that these take places in; of one user half of the visitors may be. */
const PLACES = {
  MAX_VISITORS: `${2 * COME_FOR.user + 100}`,
  MAX_VISITORS_PER_USER: `${COME_FOR.user}`,
  MAX_PAGES: `${COME_FOR.page + 20}`,
  MAX_HELLOS: `${COME_FOR.stranger}`,
  MAX_CLIENTS: "10",
  MAX_PARKED: "10",
  MAX_DATA_SOCKETS: "10",
};

/** Longest time that they hold anything, seconds of the relay's time. */
const HELD_S = 600;

/** More than the buffers of two connections take. */
const FLOOD = new Uint8Array(16 << 20);

/** A server that takes all that comes and writes more than anybody reads, whatever ends. */
function flooding(): { port: number } & Disposable {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const conns: Deno.Conn[] = [];
  (async () => {
    for await (const conn of listener) {
      conns.push(conn);
      writeAll(conn, FLOOD).catch(() => {});
    }
  })().catch(() => {});
  return {
    port: listener.addr.port,
    [Symbol.dispose]() {
      listener.close();
      conns.forEach(closeQuietly);
    },
  };
}

/** Connections of the relay's process. */
async function sockets(relay: Relay): Promise<number> {
  const fds = await Array.fromAsync(Deno.readDir(`/proc/${relay.pid}/fd`));
  const links = fds.map(({ name }) =>
    Deno.readLink(`/proc/${relay.pid}/fd/${name}`).catch(() => "")
  );
  return (await Promise.all(links)).filter((link) => link.startsWith("socket:")).length;
}

Deno.test("a visitor who ends their side and waits for a minute gets the answer", async () => {
  await using folder = temporaryFolder();
  const clock = new PacedClock(`${folder.path}/clock`);
  await using relay = await startRelay({ launcher: clock.launcher });
  const user = await signUp(relay, "kaylee");
  await using link = await connectControl(relay, user);
  using visitor = await send(relay, [helloFor(user.hostname)]);
  await visitor.closeWrite();
  using client = await dialData(relay, (await link.next("connect")).ticket);
  await readJoin(client);
  await client.write(new TextEncoder().encode("first"));
  // The client's first byte is due within a limit of its own.
  assert.equal(await visitor.read(new Uint8Array(5)), 5);
  clock.set(RATE);
  await sleep(60_000 / RATE);
  await client.write(new TextEncoder().encode(", last"));
  await client.closeWrite();
  assert.equal(await rest(visitor), new TextEncoder().encode(", last").toHex());
});

Deno.test("visitors who end their side and never read hold nothing for longer than minutes", async () => {
  using backend = flooding();
  await using folder = temporaryFolder();
  const clock = new PacedClock(`${folder.path}/clock`);
  await using relay = await startRelay({
    launcher: clock.launcher,
    settings: { FALLBACK_BACKEND: `127.0.0.1:${backend.port}`, ...PLACES },
  });
  const user = await signUp(relay, "kaylee");
  await using link = await connectControl(relay, user);
  const before = await sockets(relay);
  const open: Deno.Conn[] = [];
  try {
    for (let i = 0; i < COME_FOR.user; i++) {
      const visitor = await send(relay, [helloFor(user.hostname)]);
      await visitor.closeWrite();
      const client = await dialData(relay, (await link.next("connect")).ticket);
      writeAll(client, FLOOD).catch(() => {});
      open.push(visitor, client);
    }
    for (let i = 0; i < COME_FOR.stranger; i++) {
      const stranger = await send(relay, [helloFor("example.org")]);
      await stranger.closeWrite();
      open.push(stranger);
    }
    for (const [name, count] of [[BASE, COME_FOR.page], [`relay.${BASE}`, COME_FOR.api]] as const) {
      for (let i = 0; i < count; i++) {
        const tls = await openTls(relay, { listener: "hub", serverName: name });
        await writeAll(tls, raw(`GET / HTTP/1.1\r\nHost: ${name}\r\n\r\n`));
        await tls.closeWrite();
        open.push(tls);
      }
    }
    const held = await sockets(relay) - before;
    assert.ok(held >= 2 * (COME_FOR.user + COME_FOR.stranger), `${held} sockets at first`);
    clock.set(RATE);
    const began = performance.now();
    await until(
      async () => await sockets(relay) <= before + 2,
      "they hold nothing any more",
      HELD_S * 1_000 / RATE,
    );
    assert.ok(performance.now() - began > 30_000 / RATE, "not at once");
  } finally {
    open.forEach(closeQuietly);
  }
});
