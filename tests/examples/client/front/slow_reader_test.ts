import assert from "node:assert/strict";
import { VISITOR_LIMITS } from "../../../../examples/client/front/limits.ts";
import { siteHandler } from "../../../../examples/client/front/site.ts";
import { type Fronted, fronted, HOSTNAME } from "./fronted.ts";

const PIECE = new Uint8Array(64 * 1024);

/** How long nothing more is taken of an answer before it is held up, milliseconds. */
const HELD_UP_MS = 500;

/** The bytes of an answer that were taken of a site. */
interface Taken {
  bytes: number;
}

/** An answer of so many pieces. */
function pieces(count: number, taken: Taken): Response {
  return new Response(
    new ReadableStream({
      pull(controller) {
        if (count-- === 0) return controller.close();
        taken.bytes += PIECE.length;
        controller.enqueue(PIECE);
      },
    }, { highWaterMark: 0 }),
  );
}

/** Asks for an answer, and reads nothing of it until no more is taken of the site. */
async function ask({ visit }: Fronted, path: string, taken: Taken): Promise<Deno.TlsConn> {
  taken.bytes = 0;
  const conn = await visit(["http/1.1"]);
  const request = `GET ${path} HTTP/1.1\r\nHost: ${HOSTNAME}\r\nConnection: close\r\n\r\n`;
  await conn.write(new TextEncoder().encode(request));
  for (let before = -1; before !== taken.bytes;) {
    before = taken.bytes;
    await new Promise((resolve) => setTimeout(resolve, HELD_UP_MS));
  }
  return conn;
}

/** The same, of an answer that is nearly all that kernels and the front hold for one who reads nothing. */
async function onItsWay(world: Fronted, taken: Taken): Promise<Deno.TlsConn> {
  for (let count = 100_000;; count = Math.floor(taken.bytes / PIECE.length * 0.8)) {
    const conn = await ask(world, `/${count}`, taken);
    if (taken.bytes === count * PIECE.length) return conn;
    conn.close();
  }
}

Deno.test("Front gives all of the last answer to a visitor who reads slowly, though the app has long ended", async () => {
  const taken: Taken = { bytes: 0 };
  await fronted(
    () => siteHandler(({ url }) => pieces(Number(new URL(url).pathname.slice(1)), taken)),
    async (world) => {
      using conn = await onItsWay(world, taken);
      for (let i = 0; i < 20; i++) {
        world.clock.advance(VISITOR_LIMITS.linger);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      const buffer = new Uint8Array(1024 * 1024);
      let read = 0;
      for (let n; (n = await conn.read(buffer)) !== null;) read += n;
      assert.ok(read > taken.bytes, `${taken.bytes - read} bytes and the head are missing`);
    },
  );
});
