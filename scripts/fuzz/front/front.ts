import { sleep } from "../../../lib/net/pause.ts";
import { closeQuietly, type Duplex, writeAll } from "../../../lib/net/splice.ts";
import {
  FrontProcess,
  type FrontProgram,
  REFERENCE_FRONT,
} from "../../../tests/examples/client/front/front_process.ts";
import { HOSTNAME } from "../../../tests/examples/client/front/fronted.ts";
import { RawHttp2 } from "../../../tests/examples/client/front/raw_http2.ts";
import { RawVisitor } from "../../../tests/examples/client/front/raw_visitor.ts";
import { helloCase } from "../hello.ts";
import { Random } from "../random.ts";
import { FuzzApp, GOOD_BODY, GOOD_PATH } from "./app.ts";
import { Mangler } from "./mangler.ts";
import { framesCase, requestCase } from "./messages.ts";

/** Visitors at once. */
const AT_ONCE = 32;

/** How long a visitor listens for what the front makes of it, milliseconds. */
const LISTEN_MS = 200;

/** Every so often a good visitor comes, milliseconds; and how long it may take for its page. */
const GOOD_EVERY_MS = 1_000;
const GOOD_WITHIN_MS = 10_000;

/** How much the front's memory may grow from half of the requests to the last, bytes. */
const MAX_GROWTH_BYTES = 48 * 1024 * 1024;

/** What a run against the client's front found. */
export interface FrontReport {
  handshakes: number;
  requests: number;
  seconds: number;
  good: { asked: number; failed: string[] };
  rssMb: { early: number; end: number };
  /** What was wrong; empty when all is well. */
  problems: string[];
}

/** Options for {@linkcode fuzzFront}. */
export interface FuzzFrontOptions {
  /** Damaged handshakes, and as many damaged requests. */
  cases: number;
  seed: number;
  /** Told now and then how far it is. */
  tell?: (text: string) => void;
  /** Whose front it is. @default {REFERENCE_FRONT} */
  program?: FrontProgram;
}

/** Descriptors that the runtime may open for itself at any time. */
const RUNTIMES_OWN = 16;

/**
 * Sends damaged handshakes and records, then damaged HTTP/1 and HTTP/2 within good ones, to the client's front in
 * a process of its own, with an app that answers in any way: it has to live, to serve good visitors
 * meanwhile, and to give back all that the others took.
 */
export async function fuzzFront(
  { cases, seed, tell, program = REFERENCE_FRONT }: FuzzFrontOptions,
): Promise<FrontReport> {
  const began = performance.now();
  using app = new FuzzApp(seed);
  const limits = {
    ...{ handshake: 5_000, head: 5_000, keepAlive: 1_000, upload: 1_000 },
    ...{ download: 5_000, halfClosed: 1_000, linger: 500 },
  };
  const front = await FrontProcess.start(app.port, limits, program);
  using mangler = new Mangler(front.port);
  await getsPage(front);
  const before = await front.settled(({ connections }) => connections === 0);
  const good: FrontReport["good"] = { asked: 0, failed: [] };
  const problems: string[] = [];
  const over = new AbortController();
  const asking = askAgainAndAgain(front, program.http2, good, over.signal);
  let early = 0;
  let done = 0;
  async function all(what: string, one: (random: Random) => Promise<void>): Promise<void> {
    let next = 0;
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      while (next < cases) {
        await one(new Random(seed, next++)).catch(() => {});
        if (++done % Math.ceil(cases / 5) !== 0) continue;
        const { rss } = await front.places();
        // Behind half of the requests, since what they take comes with them.
        if (done <= cases * 1.5) early = rss;
        tell?.(`${what}: ${next} of ${cases}, ${Math.round(rss / 1024 / 1024)} MB`);
      }
    }));
  }
  try {
    await all(
      "handshakes",
      (random) =>
        random.once(4) ? mangled(mangler, front.pem, random) : handshake(front.port, random),
    );
    await all("requests", (random) => request(front, program.http2, random));
    over.abort();
    await asking;
    const end = await front.settled(({ connections, answering, descriptors }) =>
      connections + answering === 0 && descriptors <= before.descriptors + RUNTIMES_OWN
    );
    if (end.connections + end.answering > 0) problems.push(`left: ${JSON.stringify(end)}`);
    if (end.descriptors > before.descriptors + RUNTIMES_OWN) {
      problems.push(`${end.descriptors} descriptors are open, ${before.descriptors} were`);
    }
    if (end.uncaught > 0) problems.push(`${end.uncaught} errors that nothing caught`);
    if (end.rss - early > MAX_GROWTH_BYTES) problems.push("memory grows");
    if (good.asked === 0) problems.push("no good visitor came");
    if (good.failed.length > 0) problems.push(`good visitors had no page: ${good.failed[0]}`);
    return report(end.rss);
  } catch (error) {
    problems.push(`the front is gone: ${(error as Error).message}`);
    return report(0);
  } finally {
    over.abort();
    await front.stop().catch(() => {});
  }

  function report(rss: number): FrontReport {
    const mb = (bytes: number): number => Math.round(bytes / 1024 / 1024);
    return {
      handshakes: cases,
      requests: cases,
      seconds: Math.round((performance.now() - began) / 1000),
      good,
      rssMb: { early: mb(early), end: mb(rss) },
      problems,
    };
  }
}

/** A hello as real clients send it, damaged, whole or in pieces, and then an end, a reset or silence. */
async function handshake(port: number, random: Random): Promise<void> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    await inPieces(conn, helloCase(random), random);
    if (random.once(3)) return;
    if (random.once(2)) await conn.closeWrite();
    await listen(conn);
  } finally {
    closeQuietly(conn);
  }
}

/** A good handshake, and then damaged requests of either version. */
async function request(front: FrontProcess, http2: boolean, random: Random): Promise<void> {
  const isHttp2 = http2 && random.once(2);
  // Not by `Deno.startTls`: closed while it is read, it keeps its descriptor.
  const visitor = await RawVisitor.open(front, isHttp2 ? "h2" : "http/1.1");
  const timer = setTimeout(() => visitor.close(), LISTEN_MS);
  try {
    const bytes = isHttp2 ? framesCase(random) : requestCase(random);
    const pieces = { write: (p: Uint8Array) => visitor.sendAll(p).then(() => p.length) };
    await inPieces(pieces, bytes, random);
    if (random.once(4)) return;
    if (random.once(3)) visitor.endSide();
    await visitor.end();
  } finally {
    clearTimeout(timer);
    visitor.close();
  }
}

/** A good handshake and request, of which from some byte on another thing arrives. */
async function mangled(mangler: Mangler, pem: string, random: Random): Promise<void> {
  const tcp = await mangler.connect(random);
  const timer = setTimeout(() => closeQuietly(tcp), LISTEN_MS * 2);
  try {
    using conn = await Deno.startTls(tcp, { hostname: HOSTNAME, caCerts: [pem] });
    await writeAll(conn, requestCase(random));
    await listen(conn);
  } finally {
    clearTimeout(timer);
    closeQuietly(tcp);
  }
}

async function inPieces(
  conn: Pick<Duplex, "write">,
  bytes: Uint8Array,
  random: Random,
): Promise<void> {
  let from = 0;
  for (const to of [...random.cuts(Math.max(2, bytes.length), 2), bytes.length]) {
    await writeAll(conn, bytes.subarray(from, to));
    from = to;
  }
}

/** Reads what comes, for a while. */
async function listen(conn: Duplex): Promise<void> {
  const timer = setTimeout(() => closeQuietly(conn), LISTEN_MS);
  try {
    const buffer = new Uint8Array(4096);
    while (await conn.read(buffer) !== null);
  } finally {
    clearTimeout(timer);
  }
}

/** A good visitor who comes again and again, and counts what they got. */
async function askAgainAndAgain(
  front: FrontProcess,
  http2: boolean,
  good: FrontReport["good"],
  over: AbortSignal,
): Promise<void> {
  while (!over.aborted) {
    good.asked++;
    const get = !http2 || good.asked % 2 === 0 ? getsPage : getsPageOverHttp2;
    const why = await get(front).catch((error: Error) => error.message);
    if (why !== undefined) good.failed.push(`${get.name}: ${why}`);
    await sleep(GOOD_EVERY_MS);
  }
}

async function getsPage({ port, pem }: { port: number; pem: string }): Promise<string | undefined> {
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port });
  const timer = setTimeout(() => closeQuietly(tcp), GOOD_WITHIN_MS);
  try {
    using conn = await Deno.startTls(tcp, {
      hostname: HOSTNAME,
      caCerts: [pem],
      alpnProtocols: ["http/1.1"],
    });
    const ask = `GET ${GOOD_PATH} HTTP/1.1\r\nHost: ${HOSTNAME}\r\nConnection: close\r\n\r\n`;
    await writeAll(conn, new TextEncoder().encode(ask));
    let text = "";
    const buffer = new Uint8Array(4096);
    for (let n; (n = await conn.read(buffer)) !== null;) {
      text += new TextDecoder().decode(buffer.subarray(0, n));
    }
    const isGood = text.startsWith("HTTP/1.1 200") && text.endsWith(`\r\n\r\n${GOOD_BODY}`);
    return isGood ? undefined : JSON.stringify(text);
  } finally {
    clearTimeout(timer);
  }
}

/** The same over HTTP/2. */
async function getsPageOverHttp2(
  front: { port: number; pem: string },
): Promise<string | undefined> {
  const visitor = await RawHttp2.open(front);
  const timer = setTimeout(() => visitor.close(), GOOD_WITHIN_MS);
  try {
    const stream = visitor.ask(GOOD_PATH);
    const { payload } = await visitor.until((frame) => frame.stream === stream && frame.type === 0);
    const text = payload.toString("latin1");
    return text === GOOD_BODY ? undefined : JSON.stringify(text);
  } finally {
    clearTimeout(timer);
    visitor.close();
  }
}
