import assert from "node:assert/strict";
import { closeQuietly, splice, writeAll } from "../../../lib/net/splice.ts";
import {
  type DataConnection,
  NoVisitor,
  type TicketOptions,
  useTicket,
} from "../../../examples/client/data_connection.ts";
import { openDataTcp } from "../../../examples/client/data_tcp.ts";
import { droppingPort } from "../../net/ports.ts";
import { proxyHeader, VISITOR } from "./fake_relay.ts";

const TICKET = "abcdefghijklmnopqrstu-";

/** Connects to a port of `address`, as `localhost` is said to be, and uses the ticket there. */
async function openDataConnection(
  port: number,
  options: Omit<TicketOptions, "ticket">,
  address = "127.0.0.1",
): Promise<DataConnection> {
  const signal = AbortSignal.timeout(5_000);
  const at = { hostname: "localhost", port };
  const line = await openDataTcp(at, () => Promise.resolve([address]), signal);
  return await useTicket(line, { ticket: TICKET, ...options });
}

/** Opens a data connection to a data port that does as `relay` says. */
async function dialled<T>(
  relay: (conn: Deno.TcpConn, preface: string) => Promise<void>,
  use: (
    dial: (
      joinWithinMs?: number,
      signal?: AbortSignal,
      endAfterMs?: number,
    ) => Promise<DataConnection>,
    shown: () => boolean,
  ) => Promise<T>,
): Promise<T> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    const conn = await listener.accept();
    const preface = new Uint8Array(33);
    await conn.read(preface);
    await relay(conn, new TextDecoder().decode(preface)).catch(() => {});
    closeQuietly(conn);
  })();
  let shown = false;
  try {
    return await use(
      (joinWithinMs = 5_000, signal = new AbortController().signal, endAfterMs) =>
        openDataConnection(listener.addr.port, {
          joinWithinMs,
          ...(endAfterMs !== undefined && { endAfterMs }),
          signal,
          onShown: () => shown = true,
        }),
      () => shown,
    );
  } finally {
    listener.close();
    await serving;
  }
}

/** Waits for the peer to end. */
async function ended(conn: Deno.TcpConn): Promise<void> {
  while (await conn.read(new Uint8Array(1024)).catch(() => null) !== null);
}

for (const step of [1, 5, 28, 33, 1000]) {
  Deno.test(`useTicket() finds the visitor's first bytes, ${step} at a time`, () => {
    const all = new Uint8Array([
      ...proxyHeader(VISITOR.address, VISITOR.port),
      ...new TextEncoder().encode("hello"),
    ]);
    return dialled(async (conn, preface) => {
      assert.equal(preface, `GLOSSON/1 ${TICKET}\n`);
      for (let at = 0; at < all.length; at += step) {
        await conn.write(all.subarray(at, at + step));
        // Lets each piece be read by itself.
        await new Promise((done) => setTimeout(done));
      }
      await ended(conn);
    }, async (dial, shown) => {
      const connection = await dial();
      assert.ok(connection.state === "joined");
      assert.equal(shown(), true);
      assert.deepEqual(connection.visitor, VISITOR);
      assert.deepEqual(connection.header, proxyHeader(VISITOR.address, VISITOR.port));
      let text = new TextDecoder().decode(connection.head);
      const rest = new Uint8Array(5);
      while (text.length < 5) {
        const n = await connection.conn.read(rest);
        text += new TextDecoder().decode(rest.subarray(0, n!));
      }
      assert.equal(text, "hello");
      connection.conn.close();
    });
  });
}

Deno.test("useTicket() tells a visitor of unknown address", () =>
  dialled(async (conn) => {
    await writeAll(
      conn,
      new Uint8Array([...new TextEncoder().encode("\r\n\r\n\0\r\nQUIT\n"), 0x20, 0, 0, 0]),
    );
    await ended(conn);
  }, async (dial) => {
    const connection = await dial();
    assert.ok(connection.state === "joined");
    assert.equal(connection.visitor, undefined);
    connection.conn.close();
  }));

for (const step of [1, 18]) {
  Deno.test(`useTicket() understands a refusal, ${step} at a time`, () =>
    dialled(async (conn) => {
      const words = new TextEncoder().encode("GLOSSON/1 refused\n");
      for (let at = 0; at < words.length; at += step) {
        await conn.write(words.subarray(at, at + step));
        await new Promise((done) => setTimeout(done));
      }
    }, async (dial) => assert.deepEqual(await dial(), { state: "refused" })));
}

Deno.test("useTicket() understands the end of a parked connection", () =>
  dialled(() => Promise.resolve(), async (dial) => {
    assert.deepEqual(await dial(), { state: "ended" });
  }));

for (
  const [what, bytes] of [
    ["no PROXY header", "\x16\x03\x01\x02\x00"],
    ["a torn PROXY header", "\r\n\r\n\0\r\nQUIT\n\x21\x11"],
    ["a torn refusal", "GLOSSON/1 ref"],
  ] as const
) {
  Deno.test(`useTicket() fails on ${what}`, () =>
    dialled(async (conn) => {
      await writeAll(conn, new TextEncoder().encode(bytes));
    }, async (dial) => {
      await assert.rejects(dial(), /Cannot read PROXY header/);
    }));
}

Deno.test("useTicket() waits no longer than it is told", () =>
  dialled(ended, async (dial, shown) => {
    await assert.rejects(dial(20), NoVisitor);
    assert.equal(shown(), true);
  }));

Deno.test("useTicket() ends when asked to", () =>
  dialled(ended, async (dial) => {
    const asked = new AbortController();
    const dialling = dial(5_000, asked.signal);
    setTimeout(() => asked.abort(), 20);
    await assert.rejects(dialling, /asked to stop/);
  }));

Deno.test("openDataTcp() has not shown a ticket when nothing listens", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await assert.rejects(openDataConnection(port, {
    joinWithinMs: 1000,
    signal: new AbortController().signal,
    onShown: () => assert.fail("shown"),
  }));
});

Deno.test({
  name: "openDataTcp() reaches the third address in time where the first two are silent",
  // Of the other loopback addresses Linux alone has all.
  ignore: Deno.build.os !== "linux",
  async fn() {
    using silent = await droppingPort();
    const at = { hostname: "127.0.0.2", port: silent.port };
    using _listener = Deno.listen(at);
    const addresses = ["127.0.0.1", "127.0.0.1", at.hostname];
    const { conn } = await openDataTcp(
      at,
      () => Promise.resolve(addresses),
      // What there is where a WebSocket can follow.
      AbortSignal.timeout(3_000),
    );
    conn.close();
  },
});

Deno.test("a joined connection carries an end of stream across and back", () =>
  dialled(async (conn) => {
    await writeAll(conn, proxyHeader(VISITOR.address, VISITOR.port));
    await writeAll(conn, new TextEncoder().encode("question"));
    await conn.closeWrite();
    const text = await new Response(conn.readable).text();
    assert.equal(text, "answer to question");
  }, async (dial) => {
    // A page that speaks only after the visitor has finished.
    const page = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const serving = (async () => {
      const conn = await page.accept();
      const chunk = new Uint8Array(100);
      let text = "";
      for (let n; (n = await conn.read(chunk)) !== null;) {
        text += new TextDecoder().decode(chunk.subarray(0, n));
      }
      await writeAll(conn, new TextEncoder().encode(`answer to ${text}`));
      conn.close();
    })();
    const connection = await dial();
    assert.ok(connection.state === "joined");
    const inner = await Deno.connect({ hostname: "127.0.0.1", port: page.addr.port });
    const { error, forward } = await splice(inner, connection.conn, {
      backwardHead: connection.head,
    });
    assert.equal(error, undefined);
    assert.equal(forward, "answer to question".length);
    await serving;
    page.close();
  }));

Deno.test({
  name: "openDataTcp() that may connect by name alone speaks to no other address than it knows",
  permissions: { net: ["localhost"], read: true },
  async fn() {
    const listener = Deno.listen({ hostname: "localhost", port: 0 });
    const seen: string[] = [];
    const serving = (async () => {
      for (let i = 0; i < 2; i++) {
        const conn = await listener.accept();
        seen.push(await new Response(conn.readable).text());
      }
    })();
    const dial = (address: string): Promise<DataConnection> =>
      openDataConnection(
        listener.addr.port,
        { joinWithinMs: 50, signal: new AbortController().signal },
        address,
      );
    await assert.rejects(dial("127.0.0.1"), NoVisitor);
    // As if the name had got another address since it was judged.
    await assert.rejects(dial("203.0.113.7"), /on this computer or its network/);
    await serving;
    listener.close();
    assert.deepEqual(seen, [`GLOSSON/1 ${TICKET}\n`, ""]);
  },
});

Deno.test("useTicket() ends a parked connection, and tells that the relay answered", () =>
  dialled(ended, async (dial) => {
    assert.deepEqual(await dial(5_000, undefined, 10), { state: "ended" });
  }));

Deno.test("useTicket() ends a parked connection, and tells that nobody answered", () => {
  const over = Promise.withResolvers<void>();
  return dialled(() => over.promise, async (dial) => {
    assert.deepEqual(await dial(5_000, undefined, 10), { state: "ended", unanswered: true });
    over.resolve();
  });
});

Deno.test("useTicket() leaves to the relay a visitor who comes while it ends", () =>
  dialled(async (conn) => {
    await ended(conn);
    await conn.write(proxyHeader(VISITOR.address, VISITOR.port));
  }, async (dial) => {
    assert.deepEqual(await dial(5_000, undefined, 10), { state: "ended" });
  }));

Deno.test("useTicket() takes a visitor who comes before it ends", () =>
  dialled(async (conn) => {
    await conn.write(proxyHeader(VISITOR.address, VISITOR.port));
    await ended(conn);
  }, async (dial) => {
    const connection = await dial(5_000, undefined, 60_000);
    assert.ok(connection.state === "joined");
    connection.conn.close();
  }));
