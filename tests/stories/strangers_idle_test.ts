import assert from "node:assert/strict";
import { until } from "../certificate/helpers.ts";
import { closeQuietly, writeAll } from "../../lib/net/splice.ts";
import { type Relay, startRelay } from "./relay.ts";
import {
  ALERT,
  behindProxy,
  ended,
  helloFor,
  outcomes,
  proxied,
  rest,
  send,
} from "./hub_visitor.ts";
import { serveUser, signUp, type User } from "./user.ts";

/** Connections that a test leaves open; closed before the servers that they come to. */
class OpenConns {
  readonly #conns: Deno.Conn[] = [];

  /** Whether there is one. */
  add(conn: Deno.Conn | undefined): boolean {
    if (conn !== undefined) this.#conns.push(conn);
    return conn !== undefined;
  }

  [Symbol.dispose](): void {
    for (const conn of this.#conns) closeQuietly(conn);
  }
}

/** A visitor at an address who ends the handshake; undefined when they are refused. */
async function shake(relay: Relay, user: User, address: string): Promise<Deno.TlsConn | undefined> {
  const tcp = await send(relay, [proxied(address)]);
  try {
    const conn = await Deno.startTls(tcp, {
      hostname: user.hostname,
      caCerts: [relay.ca],
      alpnProtocols: ["http/1.1"],
    });
    await conn.handshake();
    return conn;
  } catch {
    return undefined;
  }
}

/** The answer to a request on an open connection. */
async function get(conn: Deno.TlsConn, user: User): Promise<string> {
  const request = `GET / HTTP/1.1\r\nHost: ${user.hostname}\r\nConnection: close\r\n\r\n`;
  await writeAll(conn, new TextEncoder().encode(request));
  return new TextDecoder().decode(Uint8Array.fromHex(await rest(conn)));
}

Deno.test("idle connections of two addresses do not close a user's page", async () => {
  await using relay = await startRelay({
    settings: { PROXY_PROTOCOL_FROM: "127.0.0.1", MAX_VISITORS_PER_USER: "16" },
  });
  using front = behindProxy(relay);
  const user = await signUp(front.relay, "kaylee");
  await using _server = await serveUser(front.relay, user, () => new Response("here"));
  using open = new OpenConns();
  for (let i = 0; i < 16; i++) {
    const conn = await shake(relay, user, i % 2 ? "203.0.113.1" : "198.51.100.1");
    assert.ok(open.add(conn), "there is a place for each");
  }
  assert.equal(await shake(relay, user, "203.0.113.1"), undefined, "they have their share");

  // Honest visitors come and stay, and each gets the page.
  const honest: Deno.TlsConn[] = [];
  for (let i = 0; i < 4; i++) {
    const conn = await shake(relay, user, `192.0.2.${i}`);
    assert.ok(open.add(conn), `visitor ${i} gets in`);
    honest.push(conn!);
  }
  assert.match(await get(honest[0]!, user), /^HTTP\/1.1 200 .*here$/s);
  // A line of the log comes after what it tells of.
  const gaveWay = () => outcomes(relay).filter((outcome) => outcome === "gave-way").length;
  await until(() => gaveWay() >= 4, "four gave way");
  assert.equal(gaveWay(), 4);
});

Deno.test("one network's visitors of many users leave room for another network's", async () => {
  await using relay = await startRelay({
    settings: { PROXY_PROTOCOL_FROM: "127.0.0.1", MAX_VISITORS: "6" },
  });
  using front = behindProxy(relay);
  const users: User[] = [];
  await using stack = new AsyncDisposableStack();
  for (let i = 0; i < 7; i++) {
    const user = await signUp(front.relay, `user${i}`);
    stack.use(await serveUser(front.relay, user, () => new Response("here")));
    users.push(user);
  }
  using open = new OpenConns();
  for (const [i, user] of users.slice(0, 6).entries()) {
    assert.ok(open.add(await shake(relay, user, `2001:db8:1:${i}::1`)));
  }
  const last = users[6]!;
  const greedy = await send(relay, [proxied("2001:db8:1:77::1"), helloFor(last.hostname)]);
  assert.equal(await rest(greedy), ALERT.internalError);
  const conn = await shake(relay, last, "192.0.2.1");
  assert.ok(open.add(conn));
  assert.match(await get(conn!, last), /here$/);
  await ended(relay, "gave-way");
});
