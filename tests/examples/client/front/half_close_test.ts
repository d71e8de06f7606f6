import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { appFronted, HOSTNAME } from "./fronted.ts";
import { FRAME } from "./http2_frames.ts";
import { head } from "./left_behind.ts";
import { program } from "./programs.ts";
import { RawHttp2 } from "./raw_http2.ts";
import { RawVisitor } from "./raw_visitor.ts";
import { type Scripted, scripted } from "./scripted_app.ts";

/** More than kernels and windows on the way hold. */
const LENGTH = 9_016_222;

/** Passes visitors on to an app with a large answer that is sent as it is taken. */
function large(use: (world: Scripted) => Promise<void>): Promise<void> {
  const block = "x".repeat(64 * 1024);
  return scripted(use, {
    async answer(_, exchange) {
      await exchange.send(`HTTP/1.1 200 OK\r\nContent-Length: ${LENGTH}\r\n\r\n`);
      for (let left = LENGTH; left > 0; left -= block.length) {
        await exchange.send(block.slice(0, left));
      }
    },
  });
}

const SCRIPT = new URL("./half_close.py", import.meta.url).pathname;

for (const version of ["TLSv1_2", "TLSv1_3"]) {
  for (const way of ["notify", "fin", "both"]) {
    Deno.test(`a visitor of ${version} who ends their side by ${way} gets the whole answer`, () =>
      large(async (world) => {
        const ca = await Deno.makeTempFile();
        await Deno.writeTextFile(ca, world.pem);
        const { text, code } = await program("python3", [
          ...[SCRIPT, String(world.port), HOSTNAME, ca, version, way, "/"],
        ]);
        await Deno.remove(ca);
        assert.equal(code, 0, text);
        const bytes = Number(text);
        // Records add some bytes to each 16 KiB; of the body itself there is exactly as much.
        assert.ok(way === "fin" ? bytes === LENGTH : bytes > LENGTH, `${bytes} of ${LENGTH}`);
        await world.empty();
      }));
  }
}

Deno.test("a visitor who ends their side of HTTP/2 gets the whole answer", () =>
  large(async (world) => {
    const visitor = await RawHttp2.open(world);
    const stream = visitor.ask("/");
    await visitor.until((frame) => frame.stream === stream && frame.type === FRAME.headers);
    visitor.endSide();
    assert.equal(await visitor.ended(stream), undefined);
    assert.ok(visitor.visitor.count > LENGTH);
    await visitor.visitor.end();
    visitor.close();
    await world.empty();
    assert.equal(world.clock.now(), 0);
  }));

Deno.test("a visitor who ends their side with the request gets the answer", () =>
  scripted(async (world) => {
    const visitor = await RawVisitor.open(world);
    visitor.send(head("/"));
    visitor.endSide();
    await visitor.upTo("\r\n\r\nok");
    await visitor.end();
    visitor.close();
    await world.empty();
    assert.equal(world.clock.now(), 0);
  }));

Deno.test("an app that ends its side within an upload is heard, and gets the rest", () => {
  const all = Promise.withResolvers<number>();
  return scripted(async (world) => {
    const visitor = await RawVisitor.open(world);
    visitor.send(head("/", "Content-Length: 100000").replace("GET", "POST"));
    visitor.send("x".repeat(50_000));
    await visitor.upTo("\r\n\r\nok");
    visitor.send("x".repeat(50_000));
    visitor.close();
    assert.ok(await all.promise >= 50_000);
  }, {
    async read(exchange) {
      await exchange.head();
      return { line: "", fields: [], body: "", raw: "" };
    },
    async answer(_, exchange) {
      await exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      let count = 0;
      try {
        while (count < 50_000) count += Buffer.byteLength(await exchange.bytes(1_000));
      } catch {
        // What has come counts.
      }
      all.resolve(count);
    },
  });
});

Deno.test("what a visitor says last reaches an app that has ended its side", () => {
  const last = "x".repeat(100_000);
  const heard = Promise.withResolvers<string>();
  return appFronted(async (exchange, conn) => {
    await exchange.head();
    await exchange.send("HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nbye");
    await conn.closeWrite();
    heard.resolve(await exchange.bytes(last.length).catch((error) => String(error)));
  }, async (world) => {
    const visitor = await RawVisitor.open(world);
    visitor.send(head("/", "Connection: Upgrade\r\nUpgrade: x"));
    await visitor.upTo("bye");
    await visitor.end();
    visitor.send(last);
    visitor.endSide();
    assert.equal(await heard.promise, last);
    visitor.close();
    await world.empty();
    assert.equal(world.clock.now(), 0);
  });
});
