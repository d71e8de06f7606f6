import assert from "node:assert/strict";
import type { Visitor } from "../../../../examples/client/front/exchange.ts";
import { VISITOR_LIMITS } from "../../../../examples/client/front/limits.ts";
import { type Site, siteHandler } from "../../../../examples/client/front/site.ts";
import type { ManualClock } from "../../../manual_clock.ts";
import { Authority } from "../../../../examples/conformance/authority.ts";
import { pipe } from "../../../net/pipe.ts";
import { Changes } from "../changes.ts";
import { HttpExchange } from "../http_exchange.ts";
import { ADDRESS, type Fronted, fronted as frontedHandler, HOSTNAME } from "./fronted.ts";

const BLOCK = new Uint8Array(64 * 1024);

/** TLS records with these alerts, hexadecimal (RFC 9846 section 6.2). */
const DECODE_ERROR = "15030300020232";
const INTERNAL_ERROR = "15030300020250";

/** Serves a site to visitors. */
function fronted(site: Site, use: (fronted: Fronted) => Promise<void>): Promise<void> {
  return frontedHandler(() => siteHandler(site), use);
}

/** Resolves once something waits for the clock. */
async function waits(clock: ManualClock): Promise<void> {
  while (clock.waiting === 0) await new Promise((done) => setTimeout(done, 1));
}

/** Everything up to the end, as hexadecimal digits. */
async function read(conn: Deno.Conn): Promise<string> {
  return new Uint8Array(await new Response(conn.readable).arrayBuffer()).toHex();
}

Deno.test("Front answers over HTTP/1.1 and tells the site who the visitor is", async () => {
  const visitors: Visitor[] = [];
  await fronted((request, visitor) => {
    visitors.push(visitor);
    return new Response(`at ${new URL(request.url).pathname}`);
  }, async ({ front, visit, empty }) => {
    const conn = await visit();
    const exchange = new HttpExchange(conn);
    assert.equal((await exchange.get("/a")).body, "at /a");
    assert.equal((await exchange.get("/b")).body, "at /b");
    assert.equal(front.connections, 1);
    assert.equal(visitors[0], visitors[1]);
    assert.equal(visitors[0]!.address, ADDRESS);
    assert.equal(visitors[0]!.gone.aborted, false);
    conn.close();
    await empty();
    assert.equal(visitors[0]!.gone.aborted, true);
  });
});

Deno.test("Front tells the site whom the visitor asked for in the handshake", () =>
  fronted(
    (_request, { serverName = "" }) => new Response(serverName),
    async ({ visit }) => {
      assert.equal((await new HttpExchange(await visit()).get("/")).body, HOSTNAME);
    },
  ));

Deno.test("Front speaks HTTP/2 with who offers it", () =>
  fronted(() => new Response(""), async ({ visit }) => {
    const conn = await visit(["h2", "http/1.1"]);
    assert.equal((await conn.handshake()).alpnProtocol, "h2");
    // The client's preface with empty SETTINGS; a server's SETTINGS come first (RFC 9113 3.4).
    await conn.write(
      new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"),
    );
    const frame = new Uint8Array(9);
    await conn.read(frame);
    assert.equal(frame[3], 4);
  }));

Deno.test("Front does not call a visit failed that gives way as it begins", () =>
  frontedHandler(() => siteHandler(() => new Response()), async ({ front, lines }) => {
    // Both are served in one turn: of the first there is no connection to the TLS server yet.
    const visits = [pipe(), pipe()].map(([conn]) =>
      front.serve({ conn, head: Uint8Array.of(0x16), visitor: { address: ADDRESS, port: 0 } })
    );
    await visits[0];
    await front.stop(0);
    await visits[1];
    assert.equal(lines.some((line) => line.includes("A visitor gives way")), true);
    assert.deepEqual(lines.filter((line) => line.includes("Cannot serve visitors")), []);
  }, { maxVisitors: 1 }));

Deno.test("Front sends an alert to who does not speak TLS", () =>
  fronted(() => new Response(""), async ({ connect, empty, lines }) => {
    const conn = await connect();
    await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\nhost: kaylee\r\n\r\n"));
    assert.equal(await read(conn), DECODE_ERROR);
    await empty();
    assert.ok(lines.some((line) => line.includes("A visitor's TLS handshake failed")));
  }));

Deno.test("Front ends a visitor whose handshake does not end", () =>
  fronted(() => new Response("here"), async ({ front, changes, clock, connect, visit }) => {
    const done = new HttpExchange(await visit());
    assert.equal((await done.get("/")).body, "here");
    const conn = await connect();
    // The first bytes of a hello that says it is longer.
    await conn.write(new Uint8Array([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00]));
    await changes.until(() => front.connections === 2);
    clock.advance(VISITOR_LIMITS.handshake);
    assert.equal(await read(conn), "");
    await changes.until(() => front.connections === 1);
    // Who made it is not bound by it.
    assert.equal((await done.get("/")).body, "here");
  }));

Deno.test("Front ends a visitor who does not close after the server did", () =>
  fronted(() => new Response("here"), async ({ clock, empty, visit }) => {
    const conn = await visit();
    const exchange = new HttpExchange(conn);
    // A request that cannot be read is answered, and the connection closed.
    await exchange.send("no HTTP\r\n\r\n");
    assert.equal((await exchange.answer()).status, 400);
    await exchange.ended();
    // Twice: for the visitor to close, and for what is on its way to them.
    for (const _ of [1, 2]) {
      await waits(clock);
      clock.advance(VISITOR_LIMITS.linger * 6);
    }
    await empty();
  }));

Deno.test("Front turns another program of this computer away", () =>
  fronted(() => new Response("secret"), async ({ front }) => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: front.port! });
    assert.equal(await read(conn), "");
    assert.equal(front.connections, 0);
  }));

Deno.test("Front.stop() does not wait for another program on its loopback port", () =>
  fronted(() => new Response(""), async ({ front }) => {
    using other = await Deno.connect({ hostname: "127.0.0.1", port: front.port! });
    await other.write(new TextEncoder().encode("GET / HTTP/1.1\r\nhost: "));
    await front.stop(60_000);
  }));

Deno.test("Front takes no more from a site than a slow visitor takes from it", () => {
  const changes = new Changes();
  let blocks = 0;
  let cancelled = false;
  const endless = new ReadableStream({
    pull(controller) {
      blocks++;
      controller.enqueue(BLOCK);
      changes.tell();
    },
    cancel() {
      cancelled = true;
      changes.tell();
    },
  });
  return fronted(() => new Response(endless), async ({ visit, empty }) => {
    const conn = await visit();
    await new HttpExchange(conn).send(`GET / HTTP/1.1\r\nhost: ${HOSTNAME}\r\n\r\n`);
    await changes.until(() => blocks > 1);
    // Nothing is read: sooner or later the site is asked for nothing either.
    for (let before = -1; before !== blocks;) {
      before = blocks;
      await new Promise((done) => setTimeout(done, 200));
    }
    // What kernels hold on loopback: four sockets' buffers.
    assert.ok(blocks * BLOCK.length < 64 * 1024 * 1024, `${blocks} blocks`);
    conn.close();
    await changes.until(() => cancelled);
    await empty();
  });
});

Deno.test("Front notices a visitor who ends within an upload that nobody reads", () =>
  fronted(() => new Response("no", { status: 413 }), async ({ visit, empty }) => {
    const conns = await Promise.all(Array.from({ length: 8 }, () => visit()));
    await Promise.all(conns.map(async (conn) => {
      const exchange = new HttpExchange(conn);
      await exchange.send(
        `POST / HTTP/1.1\r\nhost: ${HOSTNAME}\r\ncontent-length: 9999999\r\n\r\n`,
      );
      await exchange.send("x".repeat(200_000));
      await conn.closeWrite();
      assert.equal((await exchange.answer()).status, 413);
    }));
    await empty();
  }));

Deno.test("Front serves a new certificate to new visitors and keeps the open ones", async () => {
  const other = await Authority.create();
  const { cert, key } = await other.pair([HOSTNAME]);
  await fronted(() => new Response("here"), async ({ front, visit }) => {
    const old = new HttpExchange(await visit());
    assert.equal((await old.get("/")).body, "here");
    await front.use({ chain: cert, key });
    // Signed by an authority that the visitor does not know.
    await assert.rejects((await visit()).handshake(), /UnknownIssuer|invalid peer certificate/);
    assert.equal((await old.get("/")).body, "here");
  });
});

Deno.test("Front.stop() lets an answer finish, then serves nobody", async () => {
  const asked = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  await fronted(async () => {
    asked.resolve();
    await finish.promise;
    return new Response("finished");
  }, async ({ front, connect, visit }) => {
    const visitor = await visit();
    const answer = new HttpExchange(visitor).get("/");
    await asked.promise;
    const stopping = front.stop(60_000);
    assert.equal(await read(await connect()), INTERNAL_ERROR);
    finish.resolve();
    assert.equal((await answer).body, "finished");
    visitor.close();
    await stopping;
    assert.equal(front.connections, 0);
  });
});

Deno.test("Front.renew() closes what is only kept, and the rest behind the answer; who has just come is served", async () => {
  const asked = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  await fronted(async (request) => {
    if (!request.url.endsWith("/slow")) return new Response("here");
    asked.resolve();
    await finish.promise;
    return new Response("finished");
  }, async ({ front, visit, clock }) => {
    const kept = await visit();
    assert.equal((await new HttpExchange(kept).get("/")).body, "here");
    const busy = new HttpExchange(await visit());
    const answer = busy.get("/slow");
    await asked.promise;
    const fresh = new HttpExchange(await visit());
    await fresh.send("GET /");

    front.renew();
    await fresh.send(` HTTP/1.1\r\nHost: ${HOSTNAME}\r\n\r\n`);
    assert.equal((await fresh.answer()).body, "here");
    // When a byte moved last is told by the real clock.
    await new Promise((done) => setTimeout(done, 1_100));
    clock.advance(1_000);
    assert.equal(await kept.read(new Uint8Array(1)), null, "the end is TLS's word, not a break");
    kept.close();
    finish.resolve();
    assert.equal((await answer).body, "finished");
    await busy.ended();
  });
});

Deno.test("Front.stop() ends an answer that does not finish in time", async () => {
  const asked = Promise.withResolvers<void>();
  await fronted((_request, { gone }) => {
    asked.resolve();
    return new Promise((resolve) =>
      gone.addEventListener("abort", () => resolve(new Response("late")))
    );
  }, async ({ front, visit }) => {
    const conn = await visit();
    const answer = assert.rejects(new HttpExchange(conn).get("/"));
    await asked.promise;
    await front.stop(20);
    await answer;
    assert.equal(front.connections, 0);
  });
});

Deno.test("Front answers what a site cannot be asked without taking it for a fault of the site", () =>
  fronted(
    (request) => new Response(new URL(request.url).pathname),
    async ({ visit, lines }) => {
      async function ask(line: string, host = HOSTNAME): Promise<[number, string]> {
        const exchange = new HttpExchange(await visit());
        await exchange.send(`${line} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
        const { status, body } = await exchange.answer();
        return [status, body];
      }
      assert.deepEqual(await ask("TRACE /"), [200, "/"]);
      assert.deepEqual(await ask("GET /", `${HOSTNAME}:99999`), [400, "That is no address.\n"]);
      assert.deepEqual(await ask("GET //a/b"), [200, "//a/b"]);
      assert.deepEqual(await ask("OPTIONS *"), [200, "/"]);
      assert.deepEqual(lines.filter((line) => line.includes(" error ")), []);
    },
  ));
