import assert from "node:assert/strict";
import { VISITOR_LIMITS, type VisitorLimits } from "../../../../examples/client/front/limits.ts";
import { APP_SILENCE_MS } from "../../../../examples/client/proxy/pass.ts";
import type { ManualClock } from "../../../manual_clock.ts";
import { readRecordings } from "../../../wire/recording.ts";
import { HttpExchange } from "../http_exchange.ts";
import { type Fronted, HOSTNAME, until } from "./fronted.ts";
import {
  fieldBlock,
  FLAG,
  FRAME,
  frame,
  PREFACE,
  requestFields,
  settings,
} from "./http2_frames.ts";
import { head } from "./left_behind.ts";
import { type PathApp, pathFronted } from "./path_app.ts";
import { DEFAULT_WINDOW, RawHttp2 } from "./raw_http2.ts";
import { RawVisitor } from "./raw_visitor.ts";

const { handshake, head: headMs, keepAlive, upload, download, halfClosed, linger } = VISITOR_LIMITS;

const HELLO = readRecordings().find(({ name }) => name === "openssl-default")!.bytes;

/** Waits until nothing is due but what is said, in so many milliseconds each. */
async function due(clock: ManualClock, ...ms: number[]): Promise<void> {
  const wanted = String(ms.sort((a, b) => a - b));
  await until(() => String(clock.remaining) === wanted);
}

/** What a visitor is at when nothing more comes of them. */
interface Silence {
  /** Brings a visitor there; nothing of them is under way after it. */
  begin: (world: World) => Promise<RawVisitor | RawHttp2>;
  /** The limit that they hit. */
  limit: keyof VisitorLimits;
  /** What else waits then. */
  beside?: number[];
}

type World = Fronted & { app: PathApp };

/** A visitor behind the handshake. */
function secured(go: (visitor: RawVisitor, world: World) => unknown): Silence["begin"] {
  return async (world) => {
    const visitor = await RawVisitor.open(world);
    await go(visitor, world);
    return visitor;
  };
}

function http2(go: (visitor: RawHttp2, world: World) => unknown): Silence["begin"] {
  return async (world) => {
    const visitor = await RawHttp2.open(world);
    await go(visitor, world);
    return visitor;
  };
}

const SILENCES: Record<string, Silence> = {
  "before the handshake": { begin: ({ port }) => RawVisitor.connect(port), limit: "handshake" },
  "before the first request": { begin: secured(() => {}), limit: "head" },
  "within the first head": {
    begin: secured((visitor) => visitor.send("GET / HTTP/1.1\r\nHost: ")),
    limit: "head",
  },
  "after an answer": {
    begin: secured(async (visitor) => {
      visitor.send(head("/"));
      await visitor.upTo("\r\n\r\nok");
    }),
    limit: "keepAlive",
  },
  "within a later head": {
    begin: secured(async (visitor, { clock }) => {
      visitor.send(head("/"));
      await visitor.upTo("\r\n\r\nok");
      await due(clock, keepAlive);
      visitor.send("G");
    }),
    limit: "head",
  },
  "within an upload": {
    begin: secured(async (visitor, { app }) => {
      visitor.send(head("/wait", "Content-Length: 10").replace("GET", "POST") + "12345");
      await until(() => app.requests === 1);
    }),
    limit: "upload",
  },
  "before the first frame of HTTP/2": {
    begin: (world) => RawVisitor.open(world, "h2"),
    limit: "head",
  },
  "before the first request of HTTP/2": {
    begin: http2((visitor) => visitor.until(({ type }) => type === FRAME.settings)),
    limit: "head",
  },
  "within the first head of HTTP/2": {
    begin: http2((visitor) => visitor.send(visitor.request("/", { flags: 0 }).frame)),
    limit: "head",
  },
  "after an answer over HTTP/2": {
    begin: http2(async (visitor) => assert.equal(await visitor.ended(visitor.ask("/")), undefined)),
    limit: "keepAlive",
  },
  "within an upload over HTTP/2": {
    begin: http2(async (visitor, { app }) => {
      visitor.send(frame(FRAME.data, 0, visitor.ask("/wait", "POST"), new Uint8Array(5)));
      await until(() => app.requests === 1);
    }),
    limit: "upload",
  },
};

for (const [when, { begin, limit, beside = [] }] of Object.entries(SILENCES)) {
  Deno.test(`Front ends a visitor who says nothing ${when} for ${limit}, and not before`, () =>
    pathFronted(async (fronted) => {
      const { clock, front } = fronted;
      const visitor = await begin(fronted);
      await due(clock, VISITOR_LIMITS[limit], ...beside);
      clock.advance(VISITOR_LIMITS[limit] - 1);
      await new Promise((done) => setTimeout(done, 20));
      assert.equal(front.connections, 1);
      clock.advance(1);
      // The last bytes have some time to get there; what was a stream's end is a connection's later.
      await until(() => {
        clock.advance(linger);
        return front.connections === 0;
      });
      visitor.close();
    }));
}

for (const when of ["before the first request", "after an answer"]) {
  Deno.test(`Front says goodbye to a visitor of HTTP/1.1 who says nothing ${when}`, () =>
    pathFronted(async ({ visit, clock, empty }) => {
      const conn = await visit();
      await conn.handshake();
      if (when === "after an answer") await new HttpExchange(conn).get("/");
      await due(clock, when === "after an answer" ? keepAlive : headMs);
      clock.advance(clock.remaining[0]!);
      // Without TLS's word of it, a read would fail: anybody could have cut the connection.
      assert.equal(await conn.read(new Uint8Array(1)), null);
      conn.close();
      await empty();
    }));
}

Deno.test("Front ends a visitor who sends a head slowly, however they go on", () =>
  pathFronted(async ({ port, pem, clock, empty }) => {
    const visitor = await RawVisitor.open({ port, pem });
    const text = head("/");
    await due(clock, headMs);
    // So that it shows when the first byte is there.
    clock.advance(1);
    for (let i = 0; i < 6; i++) {
      visitor.send(text[i]!);
      if (i > 0) clock.advance(headMs / 6);
      await due(clock, headMs - i * headMs / 6);
    }
    clock.advance(headMs / 6);
    assert.match(await visitor.upTo("\r\n\r\n"), /^HTTP\/1\.1 408 [^]*\r\nConnection: close\r\n/);
    await visitor.end();
    visitor.close();
    await empty();
  }));

for (const protocol of ["http/1.1", "h2"]) {
  const name = protocol === "h2" ? "HTTP/2" : "HTTP/1.1";

  Deno.test(`Front takes an upload over ${name} that goes on for long, slowly`, () =>
    pathFronted(async ({ port, pem, clock, app, empty }) => {
      const world = { port, pem };
      const pieces = 12;
      let send: (piece: string, last: boolean) => void;
      let visitor: RawVisitor | RawHttp2;
      if (protocol === "h2") {
        const http2 = visitor = await RawHttp2.open(world);
        const stream = http2.ask(`/takes?${pieces}`, "POST");
        send = (piece, last) =>
          http2.send(frame(FRAME.data, last ? FLAG.endStream : 0, stream, piece));
      } else {
        const http1 = visitor = await RawVisitor.open(world);
        http1.send(head(`/takes?${pieces}`, `Content-Length: ${pieces}`).replace("GET", "POST"));
        send = (piece) => http1.send(piece);
      }
      for (let i = 1; i <= pieces; i++) {
        await due(clock, upload);
        clock.advance(upload - 1);
        send("x", i === pieces);
        await until(() => app.taken === i);
      }
      if (visitor instanceof RawVisitor) await visitor.upTo("\r\n\r\nok");
      else assert.equal(await visitor.ended(1), undefined);
      assert.ok(clock.now() > 10 * 60_000);
      visitor.close();
      await empty();
    }));

  for (const how of ["close", "endSide", "reset"] as const) {
    Deno.test(`Front notices by itself who leaves ${name} by ${how} with nothing open`, () =>
      pathFronted(async (world) => {
        const visitor = protocol === "h2"
          ? await RawHttp2.open(world)
          : await RawVisitor.open(world);
        if (visitor instanceof RawVisitor) {
          visitor.send(head("/"));
          await visitor.upTo("\r\n\r\nok");
        } else assert.equal(await visitor.ended(visitor.ask("/")), undefined);
        visitor[how]();
        await world.empty();
        // No limit of time had to see to it, and none is left.
        assert.equal(world.clock.now(), 0);
        await due(world.clock);
      }));
  }

  Deno.test(`Front ends a visitor over ${name} who takes nothing of an answer`, () =>
    pathFronted(async ({ visit, clock, app, front }) => {
      const conn = await visit([protocol]);
      if (protocol === "h2") await sendFrames(conn);
      else await new HttpExchange(conn).send(head("/endless"));
      await app.blocked();
      assert.equal(front.connections, 1);
      await due(clock, download);
      clock.advance(download - 1);
      assert.equal(front.connections, 1);
      clock.advance(1);
      await until(() => {
        clock.advance(linger);
        return front.connections === 0;
      });
      await app.empty();
    }));
}

/** Asks for an endless answer over HTTP/2, by hand. */
async function sendFrames(conn: Deno.TlsConn): Promise<void> {
  const block = fieldBlock(requestFields("GET", "/endless", HOSTNAME));
  const bytes = [
    ...PREFACE,
    ...settings(),
    ...frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 1, block),
  ];
  await conn.write(Uint8Array.from(bytes));
}

Deno.test("Front ends a visitor who has ended their side, and takes nothing more", () =>
  pathFronted(async ({ visit, clock, app, front }) => {
    const conn = await visit();
    await new HttpExchange(conn).send(head("/endless"));
    await conn.closeWrite();
    await app.blocked();
    assert.equal(front.connections, 1);
    clock.advance(halfClosed - 1);
    clock.advance(1);
    await until(() => {
      clock.advance(halfClosed / 4);
      return front.connections === 0;
    });
    assert.ok(clock.now() < download, `${clock.now()}`);
  }));

Deno.test("Front ends a visitor who ends their side within the handshake", () =>
  pathFronted(async ({ connect, clock, empty }) => {
    const conn = await connect();
    await conn.write(HELLO);
    await conn.read(new Uint8Array(1));
    await due(clock, handshake);
    await conn.closeWrite();
    await due(clock, linger);
    clock.advance(linger);
    await empty();
  }));

Deno.test("Front lets an app be silent for its own limit, and the visitor's do not matter", () =>
  pathFronted(async ({ port, pem, clock, app, empty }) => {
    const visitor = await RawVisitor.open({ port, pem });
    visitor.send(head("/wait", "Connection: close"));
    await until(() => app.requests === 1);
    await due(clock, APP_SILENCE_MS);
    clock.advance(APP_SILENCE_MS - 1);
    await due(clock, 1);
    clock.advance(1);
    assert.match(await visitor.upTo("\r\n\r\n"), /^HTTP\/1\.1 504 /);
    visitor.close();
    await empty();
  }));

Deno.test("Front counts an upload over HTTP/2 that was answered early as over", () =>
  pathFronted(async (world) => {
    const visitor = await RawHttp2.open(world);
    for (let i = 0; i < 60; i++) {
      const stream = visitor.ask("/early", "POST");
      for (let n = 0; n < 3; n++) {
        visitor.send(frame(FRAME.data, 0, stream, new Uint8Array(16_384)));
      }
      assert.equal(await visitor.ended(stream), undefined);
    }
    await due(world.clock, keepAlive);
    visitor.close();
    await world.empty();
    assert.equal(world.clock.now(), 0);
  }));

Deno.test("Front notices by itself who leaves HTTP/2 with windows that are full", () =>
  pathFronted(async (world) => {
    const visitor = await RawHttp2.open(world, { session: DEFAULT_WINDOW });
    const streams = [visitor.ask("/endless"), visitor.ask("/endless")];
    let left = DEFAULT_WINDOW;
    await visitor.until(({ type, payload }) =>
      type === FRAME.data && (left -= payload.length) === 0
    );
    assert.equal(streams.length, 2);
    visitor.close();
    await world.empty();
    assert.equal(world.clock.now(), 0);
    await world.app.empty();
  }));
