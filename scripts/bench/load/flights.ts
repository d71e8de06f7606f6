/**
 * Both ends of short connections, and of those that stay open: hello, server's flight, client's
 * flight with a request, page. The pattern is TLS 1.3's; nothing is encrypted, so that the load is
 * not what the machine is busy with. See {@linkcode LoadProcess}.
 */
import { sleep } from "../../../lib/net/pause.ts";
import { dataPreface, TICKET_BYTES } from "../../../lib/wire/messages.ts";
import { closeQuietly, writeAll } from "../../../lib/net/splice.ts";
import { openingBytes } from "../../../lib/visitor/opening.ts";
import type { ProxyAddresses } from "../../../lib/wire/proxy_protocol.ts";
import { answerCalls } from "../load_process.ts";
import { quantile } from "../numbers.ts";
import { type DataPlace, goOnline, httpFor, type Membership } from "./glosson.ts";
import { FLIGHT_BYTES, helloFor, helloLength, PROXY_HEADER_BYTES } from "./script.ts";
import { stay } from "./stay.ts";

/**
 * How long a connection may take before it counts as failed: no less than HAProxy may hold a visitor while a
 * relay starts again (20 s, examples/haproxy.cfg), and that then for the client (5 s).
 */
const TIMEOUT_MS = 30_000;

/** Bytes of a request on a connection that stays open; the first tells how many mebibytes are wanted. */
const WANTED_BYTES = 128;

/** Members of one HTTP client: the proxy that takes `*.localhost` to this machine has 64 connections at most. */
const MEMBERS_A_CLIENT = 32;

/** What stands for a ticket where none is looked at. */
const NO_TICKET = "-".repeat(TICKET_BYTES);

const serverFlight = new Uint8Array(FLIGHT_BYTES.server);
const clientFlight = new Uint8Array(FLIGHT_BYTES.client);
const MEBIBYTE = new Uint8Array(1024 * 1024);
const page = new Uint8Array(FLIGHT_BYTES.page);

/** Reads `length` bytes; throws when the peer ends before. */
async function readExactly(conn: Deno.Conn, length: number, p = scratch(length)): Promise<void> {
  for (let left = length; left > 0;) {
    const n = await conn.read(p.subarray(0, left));
    if (n === null) throw new Error(`ended ${left} bytes early`);
    left -= n;
  }
}

function scratch(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length);
}

/** The server's part; closes when the visitor has. */
async function serve(conn: Deno.TcpConn, bytesBefore: number): Promise<void> {
  try {
    conn.setNoDelay(true);
    await readExactly(conn, bytesBefore + helloLength);
    await writeAll(conn, serverFlight);
    await readExactly(conn, FLIGHT_BYTES.client);
    await writeAll(conn, page);
    // What comes later is a visitor that wants more, by so many mebibytes.
    for (const more = scratch(WANTED_BYTES);;) {
      await readExactly(conn, more.length, more);
      for (let i = 0; i < more[0]!; i++) await writeAll(conn, MEBIBYTE);
    }
  } catch {
    // The visitor's end, or parked and never used, or broken off: the visitor tells what matters.
  } finally {
    conn.close();
  }
}

async function join(
  ticket: string,
  { dataHost, dataPort }: DataPlace,
  bytesBefore = PROXY_HEADER_BYTES,
): Promise<void> {
  const conn = await Deno.connect({ hostname: dataHost, port: dataPort });
  conn.setNoDelay(true);
  await writeAll(conn, dataPreface(ticket));
  await serve(conn, bytesBefore);
}

/** The visitor's part; returns the open connection. */
async function visit(port: number, hello: Uint8Array): Promise<Deno.TcpConn> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    conn.close();
  }, TIMEOUT_MS);
  try {
    conn.setNoDelay(true);
    await writeAll(conn, hello);
    await readExactly(conn, FLIGHT_BYTES.server);
    await writeAll(conn, clientFlight);
    await readExactly(conn, FLIGHT_BYTES.page);
    return conn;
  } catch (error) {
    closeQuietly(conn);
    throw late ? new Error(`not served within ${TIMEOUT_MS} ms`) : error;
  } finally {
    clearTimeout(timer);
  }
}

/** Addresses of a visitor of this number. */
function addressesOf(i: number): ProxyAddresses {
  return {
    source: { address: `100.64.${i >> 8 & 255}.${i & 255}`, port: 40_000 },
    destination: { address: "198.51.100.80", port: 443 },
  };
}

/** When each member came online last, as `performance.now()` has it. */
const onlineAt: number[] = [];

/** Where visits go. */
interface Way {
  port: number;
  hostname: string;
}

const held: Deno.TcpConn[] = [];

await answerCalls({
  /** Serves connections that a relay makes. */
  listen() {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    (async () => {
      for await (const conn of listener) serve(conn, 0);
    })();
    return { port: listener.addr.port };
  },
  /** Serves connections as a client of glossond. */
  async online(membership: Membership) {
    await goOnline(membership, join);
  },
  /** Serves so many connections at a time that are parked where visitors are met without more ado. */
  park({ dataPort, count }: { dataPort: number; count: number }) {
    const place = { dataHost: "127.0.0.1", dataPort };
    Array.from({ length: count }, async () => {
      while (true) await join(NO_TICKET, place, 0);
    });
  },
  /** Serves connections as clients of glossond who come back whenever they lose it. */
  async members({ memberships }: { memberships: Membership[] }) {
    const https: Deno.HttpClient[] = [];
    await Promise.all(memberships.map((membership, i) =>
      stay(membership, {
        http: https[Math.trunc(i / MEMBERS_A_CLIENT)] ??= httpFor(membership),
        onTicket: (ticket, place) => void join(ticket, place).catch(() => {}),
        onOnline: () => onlineAt[i] = performance.now(),
      })
    ));
  },
  /** How long ago each member came online for the last time, milliseconds. */
  since() {
    const now = performance.now();
    return { agoMs: onlineAt.map((at) => now - at) };
  },
  /** Opens connections to names in turns, 20 at a time, and keeps them. */
  async hold({ port, hostnames, count }: { port: number; hostnames: string[]; count: number }) {
    const hellos = hostnames.map(helloFor);
    let left = count;
    await Promise.all(Array.from({ length: 20 }, async () => {
      while (left-- > 0) held.push(await visit(port, hellos[left % hellos.length]!));
    }));
    return { held: held.length };
  },
  /** Has every held connection load so many mebibytes, all at once. */
  async burst({ mebibytes }: { mebibytes: number }) {
    const p = scratch(64 * 1024);
    const wanted = scratch(WANTED_BYTES);
    wanted[0] = mebibytes;
    await Promise.all(held.map(async (conn) => {
      await writeAll(conn, wanted);
      for (let left = mebibytes * MEBIBYTE.length; left > 0;) {
        // What is read is of no interest, so all may read into the same buffer.
        const n = await conn.read(p);
        if (n === null) throw new Error("ended within a burst");
        left -= n;
      }
    }));
  },
  /** Closes what is held. */
  release() {
    held.splice(0).forEach((conn) => conn.close());
  },
  /** Visits, so many at a time, and tells how long each took, in milliseconds. */
  async visits({ port, hostname, count, atOnce }: Way & { count: number; atOnce: number }) {
    const hello = helloFor(hostname);
    const times: number[] = [];
    let left = count;
    await Promise.all(Array.from({ length: atOnce }, async () => {
      while (left-- > 0) {
        const started = performance.now();
        (await visit(port, hello)).close();
        times.push(performance.now() - started);
      }
    }));
    return { times };
  },
  /** Visits, all of a burst at once, and tells how long each took, in milliseconds. */
  async bursts(
    { port, hostname, bursts, atOnce, pauseMs }: Way & {
      bursts: number;
      atOnce: number;
      pauseMs: number;
    },
  ) {
    const hello = helloFor(hostname);
    const times: number[] = [];
    for (let i = 0; i < bursts; i++) {
      await Promise.all(Array.from({ length: atOnce }, async () => {
        const started = performance.now();
        (await visit(port, hello)).close();
        times.push(performance.now() - started);
      }));
      await sleep(pauseMs);
    }
    return { times };
  },
  /**
   * Visits at a rate, the hosts in turns, however slow the answers are, and tells how long they took; each
   * behind a PROXY header with an address of its own where that is `proxied`.
   */
  async rate(run: {
    port: number;
    hostnames: string[];
    perSecond: number;
    seconds: number;
    proxied?: boolean;
  }) {
    const hellos = run.hostnames.map(helloFor);
    function first(i: number): Uint8Array {
      const hello = hellos[i % hellos.length]!;
      return run.proxied ? openingBytes(addressesOf(i), hello) : hello;
    }
    const times: number[] = [];
    const failures: Record<string, number> = {};
    const total = run.perSecond * run.seconds;
    const started = performance.now();
    const open: Promise<void>[] = [];
    for (let i = 0; i < total;) {
      const due = Math.min(total, Math.floor((performance.now() - started) / 1000 * run.perSecond));
      for (; i < due; i++) {
        // From when it was due: a load that is late itself must not hide a relay that is.
        const from = started + (i + 1) / run.perSecond * 1000;
        open.push(
          visit(run.port, first(i)).then((conn) => {
            times.push(performance.now() - from);
            closeQuietly(conn);
          }, ({ message }: Error) => void (failures[message] = (failures[message] ?? 0) + 1)),
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await Promise.all(open);
    const errors = Object.values(failures).reduce((sum, count) => sum + count, 0);
    return { p50: quantile(times, 0.5), p99: quantile(times, 0.99), errors, failures };
  },
});
