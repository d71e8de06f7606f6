/**
 * Has visitors end their side and read no more, and waits until the relay holds nothing of theirs any more.
 *
 * Run as `deno run -A never_reading.ts VISITORS`; prints as JSON who they were, how many connections the relay
 * had for them at first, and after how many seconds of its time none. It fails where some are left after
 * {@linkcode HELD_S}.
 */
import { sleep } from "../../../lib/net/pause.ts";
import { closeQuietly, writeAll } from "../../../lib/net/splice.ts";
import { temporaryFolder, until } from "../../certificate/helpers.ts";
import { helloFor, send } from "../../stories/hub_visitor.ts";
import { openTls, raw } from "../../stories/raw_https.ts";
import { BASE, type Relay, startRelay } from "../../stories/relay.ts";
import {
  connectControl,
  type ControlLink,
  dialData,
  signUp,
  type User,
} from "../../stories/user.ts";
import { PacedClock } from "../faults/clock.ts";

const count = Number(Deno.args[0]);

/** How many times as fast the relay's time passes while they wait. */
const RATE = 20;

/** Longest time that they hold anything, seconds of the relay's time. */
const HELD_S = 600;

/** Pause between two looks at what they hold, milliseconds. */
const LOOK_MS = 250;

/** More than the buffers of two connections take. */
const FLOOD = new Uint8Array(16 << 20);

/** What they come for; the relay's own hosts have fewer places, of five descriptors each. */
const visitors = {
  user: 0.3 * count,
  stranger: 0.5 * count,
  page: 0.1 * count,
  api: 0.1 * count,
};

/** Descriptors go to the tables that these take places in; of one user half of the visitors may be. */
const PLACES = {
  MAX_VISITORS: `${2 * visitors.user + 100}`,
  MAX_VISITORS_PER_USER: `${visitors.user}`,
  MAX_PAGES: `${visitors.page + 20}`,
  MAX_HELLOS: `${visitors.stranger}`,
  MAX_CLIENTS: "10",
  MAX_PARKED: "10",
  MAX_DATA_SOCKETS: "10",
};

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

/** Has them all come, ask, and end their side. */
async function come(relay: Relay, user: User, link: ControlLink, open: Deno.Conn[]): Promise<void> {
  for (let i = 0; i < visitors.user; i++) {
    const visitor = await send(relay, [helloFor(user.hostname)]);
    await visitor.closeWrite();
    const client = await dialData(relay, (await link.next("connect")).ticket);
    writeAll(client, FLOOD).catch(() => {});
    open.push(visitor, client);
  }
  for (let i = 0; i < visitors.stranger; i++) {
    const stranger = await send(relay, [helloFor("example.org")]);
    await stranger.closeWrite();
    // Once joined, one after another: on a busy machine the relay would be late for the last hellos.
    await stranger.read(new Uint8Array(1));
    open.push(stranger);
  }
  for (const [name, count] of [[BASE, visitors.page], [`relay.${BASE}`, visitors.api]] as const) {
    for (let i = 0; i < count; i++) {
      const tls = await openTls(relay, { listener: "hub", serverName: name });
      await writeAll(tls, raw(`GET / HTTP/1.1\r\nHost: ${name}\r\n\r\n`));
      await tls.closeWrite();
      open.push(tls);
    }
  }
}

const open: Deno.Conn[] = [];
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

async function isOver(): Promise<boolean> {
  await sleep(LOOK_MS);
  return await sockets(relay) <= before + 2;
}

try {
  await come(relay, user, link, open);
  const held = await sockets(relay) - before;
  clock.set(RATE);
  const began = performance.now();
  await until(isOver, "they hold nothing any more", HELD_S * 1_000 / RATE);
  const endedAfterS = (performance.now() - began) / 1_000 * RATE;
  Deno.stdout.writeSync(
    new TextEncoder().encode(JSON.stringify({ visitors, held, endedAfterS })),
  );
} finally {
  open.forEach(closeQuietly);
}
