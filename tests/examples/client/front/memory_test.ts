import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { closeQuietly, writeAll } from "../../../../lib/net/splice.ts";
import { HOSTNAME } from "./fronted.ts";
import { FrontProcess } from "./front_process.ts";
import {
  fieldBlock,
  FLAG,
  FRAME,
  frame,
  PREFACE,
  requestFields,
  settings,
  u32,
} from "./http2_frames.ts";
import { head } from "./left_behind.ts";
import { PathApp } from "./path_app.ts";
import { RawHttp2 } from "./raw_http2.ts";

const MiB = 1024 * 1024;

/** Visitors who move nothing. */
const VISITORS = 8;

/** Most that each of them may cost, of the gigabyte that it is about: buffers that the front shares. */
const MOST_EACH = 12 * MiB;

/** A front that has had visitors before, and what it grows by. */
async function growing(
  use: (world: { front: FrontProcess; app: PathApp; visit: Visit }) => Promise<void>,
  most: number,
): Promise<void> {
  const app = await PathApp.start();
  const front = await FrontProcess.start(app.port);
  const conns: { close(): void }[] = [];
  const visit: Visit = async (protocol) => {
    const tcp = await Deno.connect({ hostname: "127.0.0.1", port: front.port });
    const tls = await Deno.startTls(tcp, {
      hostname: HOSTNAME,
      caCerts: [front.pem],
      alpnProtocols: [protocol],
    });
    conns.push(tls);
    return tls;
  };
  try {
    for (let i = 0; i < VISITORS; i++) {
      const conn = await visit("http/1.1");
      await writeAll(conn, Buffer.from(head("/large", "Connection: close")));
      for (const buffer = new Uint8Array(65_536); await conn.read(buffer) !== null;);
    }
    const before = await front.weigh();
    await use({ front, app, visit });
    const { rss, uncaught } = await front.weigh();
    const grew = rss - before.rss;
    assert.ok(grew < most, `it grew by ${(grew / MiB).toFixed(1)} MiB, not ${most / MiB} at most`);
    assert.equal(uncaught, 0);
  } finally {
    conns.forEach(closeQuietly);
    front.kill();
    await app.stop();
  }
}

type Visit = (protocol: "http/1.1" | "h2") => Promise<Deno.TlsConn>;

/** What a visitor of HTTP/2 says first, and a request; answers may come as fast as they will. */
function http2Request(method: string, path: string): Buffer {
  const flags = FLAG.endHeaders | (method === "GET" ? FLAG.endStream : 0);
  return Buffer.concat([
    PREFACE,
    settings({ 4: 2 ** 31 - 1 }),
    frame(FRAME.windowUpdate, 0, 0, u32(2 ** 31 - 1 - 65_535)),
    frame(FRAME.headers, flags, 1, fieldBlock(requestFields(method, path, HOSTNAME))),
  ]);
}

for (const protocol of ["http/1.1", "h2"] as const) {
  Deno.test(`visitors who stall in a download over ${protocol} cost little memory`, () =>
    growing(async ({ app, visit }) => {
      for (let i = 0; i < VISITORS; i++) {
        const conn = await visit(protocol);
        await writeAll(
          conn,
          protocol === "h2" ? http2Request("GET", "/endless") : Buffer.from(head("/endless")),
        );
        await conn.read(new Uint8Array(1));
      }
      await app.blocked();
    }, VISITORS * MOST_EACH));

  Deno.test(`visitors in an upload over ${protocol} that the app does not read cost little memory`, () =>
    growing(async ({ visit }) => {
      const uploads = Array.from({ length: VISITORS }, async () => {
        const conn = await visit(protocol);
        const length = 1024 * MiB;
        await writeAll(
          conn,
          protocol === "h2"
            ? http2Request("POST", "/deaf")
            : Buffer.from(head("/deaf", `Content-Length: ${length}`).replace("GET", "POST")),
        );
        // Over HTTP/2 a visitor who minds no window is ended; who minds it says no more than this.
        const piece = protocol === "h2"
          ? Buffer.concat([1, 2, 3].map(() => frame(FRAME.data, 0, 1, new Uint8Array(16_384))))
          : new Uint8Array(65_536);
        const most = protocol === "h2" ? piece.length : length;
        let sent = 0;
        const all = (async () => {
          for (; sent < most; sent += piece.length) await writeAll(conn, piece);
        })();
        all.catch(() => {});
        for (let before = -1; before !== sent;) {
          before = sent;
          await new Promise((done) => setTimeout(done, 500));
        }
        assert.ok(sent < 64 * MiB, `${sent / MiB} MiB were taken`);
      });
      await Promise.all(uploads);
    }, VISITORS * MOST_EACH));
}

Deno.test("100 uploads at once over one HTTP/2 connection arrive, in little memory", () =>
  growing(async ({ front, app }) => {
    const count = 100;
    const piece = Buffer.alloc(16_384, "x");
    const pieces = MiB / piece.length;
    const visitor = await RawHttp2.open(front);
    const streams = Array.from(
      { length: count },
      () => visitor.ask(`/takes?${MiB}`, "POST", ["content-length", String(MiB)]),
    );
    // What each stream, and all together, may still send.
    const left = new Map(streams.map((stream) => [stream, pieces]));
    const windows = new Map([[0, 65_535], ...streams.map((stream) => [stream, 65_535] as const)]);
    let open = count;
    function send(): void {
      for (const [stream, more] of left) {
        if (more === 0 || windows.get(stream)! < piece.length || windows.get(0)! < piece.length) {
          continue;
        }
        for (const window of [0, stream]) windows.set(window, windows.get(window)! - piece.length);
        left.set(stream, more - 1);
        visitor.send(frame(FRAME.data, more === 1 ? FLAG.endStream : 0, stream, piece));
      }
    }
    send();
    await visitor.until(({ type, stream, flags, payload }) => {
      if (type === FRAME.settings && (flags & FLAG.ack) === 0) {
        const initial = settingOf(payload, 4) ?? 65_535;
        for (const id of streams) windows.set(id, windows.get(id)! + initial - 65_535);
      } else if (type === FRAME.windowUpdate) {
        windows.set(stream, windows.get(stream)! + payload.readUInt32BE());
      } else if (type === FRAME.rstStream || type === FRAME.goaway) {
        assert.fail(`stream ${stream}: frame ${type} with ${payload.toString("hex")}`);
      } else if (
        (type === FRAME.data || type === FRAME.headers) && (flags & FLAG.endStream) !== 0
      ) {
        open--;
      }
      send();
      return open === 0;
    });
    assert.equal(app.taken, count * MiB);
    visitor.close();
  }, 96 * MiB));

/** A setting's value in a frame of settings. */
function settingOf(payload: Buffer, id: number): number | undefined {
  for (let at = 0; at < payload.length; at += 6) {
    if (payload.readUInt16BE(at) === id) return payload.readUInt32BE(at + 2);
  }
}
