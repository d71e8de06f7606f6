/** Peers that ask for more than their share; see `LoadProcess`. They leave the processor to others. */
import { sleep } from "../../lib/net/pause.ts";
import { closeQuietly, writeAll } from "../../lib/net/splice.ts";
import { encodeProxyV2 } from "../../lib/wire/proxy_protocol.ts";
import { answerCalls } from "../bench/load_process.ts";

/** What is asked for, and as whom. */
export interface Flood {
  port: number;
  hostname: string;
  /** PEM of the authority. */
  ca: string;
  /** Told in a PROXY header. */
  address: string;
  perSecond: number;
}

/** Connections that a flood of requests comes on. */
const CONNECTIONS = 50;

/** How often what is due is sent. */
const TICK_MS = 2;

/** How long a connection that was refused stays away on average. */
const PAUSE_MS = 10;

/** How much faster than asked they may be, to catch up: networks do not save up what is due. */
const CATCH_UP = 2;

/** Handshakes under way at once, at most. */
const AT_ONCE = 2_000;

const over = new AbortController();
const running: Promise<void>[] = [];
const counts = { asked: 0, answered: 0, refused: 0, connected: 0, failed: 0 };

async function open({ port, hostname, ca, address }: Flood): Promise<Deno.TlsConn> {
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    await writeAll(
      tcp,
      encodeProxyV2({
        source: { address, port: 40_000 },
        destination: { address: "198.51.100.80", port: 443 },
      }),
    );
    const tls = await Deno.startTls(tcp, {
      hostname,
      caCerts: [ca],
      alpnProtocols: ["http/1.1"],
    });
    await tls.handshake();
    return tls;
  } catch (error) {
    closeQuietly(tcp);
    throw error;
  }
}

function tick(): Promise<void> {
  return sleep(TICK_MS);
}

/** Waits before it comes again, the one longer than the other: all at once would be one burst. */
function pause(): Promise<void> {
  return sleep(PAUSE_MS * 2 * Math.random());
}

/**
 * How many of `perSecond` are due at each tick from now on, in numbers that do not come at once though
 * this process had to wait.
 */
function pacer(perSecond: number): () => number {
  const began = performance.now();
  let done = 0;
  return () => {
    const due = Math.floor((performance.now() - began) / 1000 * perSecond) - done;
    const most = Math.ceil(TICK_MS / 1000 * perSecond * CATCH_UP);
    const some = Math.min(due, most);
    done += some;
    return some;
  };
}

/** Sends its share of requests without waiting for answers; comes again when it is closed. */
async function ask(flood: Flood): Promise<void> {
  const request = `GET /v1/relay HTTP/1.1\r\nHost: ${flood.hostname}\r\n\r\n`;
  const buffer = new Uint8Array(64 * 1024);
  while (!over.signal.aborted) {
    let conn: Deno.TlsConn;
    try {
      conn = await open(flood);
      counts.connected++;
    } catch {
      counts.failed++;
      await pause();
      continue;
    }
    const reading = (async () => {
      for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
        const text = new TextDecoder("latin1").decode(buffer.subarray(0, n));
        counts.answered += text.split("HTTP/1.1 200").length - 1;
        counts.refused += text.split("HTTP/1.1 429").length - 1;
      }
    })().catch(() => {}).finally(() => closeQuietly(conn));
    const next = pacer(flood.perSecond / CONNECTIONS);
    try {
      while (!over.signal.aborted) {
        const due = next();
        counts.asked += due;
        await writeAll(conn, new TextEncoder().encode(request.repeat(due)));
        await tick();
      }
    } catch {
      // Closed by the relay.
    }
    closeQuietly(conn);
    await reading;
  }
}

/** Opens connections at a rate, however many of them are under way, and closes each once it is open. */
async function shake(flood: Flood): Promise<void> {
  const next = pacer(flood.perSecond);
  let atOnce = 0;
  while (!over.signal.aborted) {
    for (let due = next(); due > 0; due--) {
      counts.asked++;
      if (atOnce >= AT_ONCE) continue;
      atOnce++;
      open(flood).then((conn) => {
        counts.connected++;
        closeQuietly(conn);
      }, () => counts.failed++).finally(() => atOnce--);
    }
    await tick();
  }
}

// Strangers' computers are not the relay's: these run when nothing else wants to (SCHED_IDLE, sched(7)).
// At the lowest priority the kernel lets them finish a slice of milliseconds before whoever wakes up.
const idle = new Deno.Command("chrt", {
  args: ["--idle", "--all-tasks", "-p", "0", `${Deno.pid}`],
});
if (!(await idle.output()).success) throw new Error("Cannot run at the lowest priority: no chrt");
await answerCalls({
  requests(flood: Flood) {
    for (let i = 0; i < CONNECTIONS; i++) running.push(ask(flood));
  },
  handshakes(flood: Flood) {
    running.push(shake(flood));
  },
  /** Ends it, and tells what came of it. */
  async stop() {
    over.abort();
    await Promise.all(running);
    return counts;
  },
});
