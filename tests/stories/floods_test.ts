import assert from "node:assert/strict";
import net from "node:net";
import { BASE, startRelay } from "./relay.ts";
import { apiOf, connectControl, dialData, serveUser, signUp, visit } from "./user.ts";

/** Peers that connect and reset at once. */
const PEERS = 2_000;

/** How many of them are under way at once. */
const AT_ONCE = 50;

Deno.test("2,000 connect-and-reset peers on each listener leave all of them answering", async () => {
  await using relay = await startRelay({ settings: { LOG_LEVEL: "info", HTTP_PORT: "0" } });
  const user = await signUp(relay, "kaylee");
  await using _server = await serveUser(relay, user, () => new Response("here"));
  await using other = await connectControl(relay, await signUp(relay, "simon"));
  for (const name of ["hub", "data", "control", "pages", "http"]) {
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let i = 0; i < PEERS / AT_ONCE; i++) await connectAndReset(relay.ports[name]!, i);
      }),
    );
  }

  assert.equal((await visit(relay, user.hostname)).body, "here");
  assert.equal((await visit(relay, `nobody.${BASE}`)).status, 404);
  const api = apiOf(relay);
  using _client = api.client;
  assert.equal((await api.request("GET", "/v1/relay")).status, 200);
  other.send({ type: "pool", size: 1 });
  const { tickets } = await other.next("tickets");
  using parked = await dialData(relay, tickets[0]);
  using _visitor = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports.hub! });
  using page = await Deno.startTls(
    await Deno.connect({ hostname: "127.0.0.1", port: relay.ports.pages! }),
    { hostname: BASE, caCerts: [relay.ca] },
  );
  await page.handshake();
  const redirect = await fetch(`http://127.0.0.1:${relay.ports.http}/`, {
    headers: { Host: BASE },
    redirect: "manual",
  });
  await redirect.body?.cancel();
  assert.ok(parked);
  assert.deepEqual(
    relay.lines.filter((line) => line.level === "error"),
    [],
    "no connection ended by a bug",
  );
});

/** Connects, sends nothing or a little, and resets. */
function connectAndReset(port: number, turn: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = net.connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.on("connect", () => {
    if (turn % 2 === 1) socket.write(Uint8Array.of(0x16, 3, 1, 2));
    socket.resetAndDestroy();
  });
  socket.on("close", () => resolve());
  return promise;
}
