import assert from "node:assert/strict";
import { DataAddresses } from "../../../examples/client/data_address.ts";
import { closeQuietly } from "../../../lib/net/splice.ts";
import { freePort } from "../../../scripts/ports.ts";
import type { FakeRelay } from "./fake_relay.ts";
import { HttpExchange } from "./http_exchange.ts";
import { story } from "./story.ts";

/** A service of the client's own network, here this computer, that counts who comes. */
function device(): Disposable & { port: number; visits: () => number } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let visits = 0;
  (async () => {
    for await (const conn of listener) {
      visits++;
      closeQuietly(conn);
    }
  })();
  return {
    port: listener.addr.port,
    visits: () => visits,
    [Symbol.dispose]: () => listener.close(),
  };
}

/** Addresses as they are for a client whose relay is elsewhere. */
function elsewhere(): DataAddresses {
  return new DataAddresses({
    relayHost: "relay.example.org",
    isRelayAt: () => Promise.resolve(false),
    networks: () => [],
    sleep: () => Promise.resolve(),
  });
}

/** The refusals that a relay got, without their tickets. */
function refusals(relay: FakeRelay): unknown[] {
  return relay.session!.messages.filter(({ type }) => type === "refuse")
    .map(({ ticket: _, ...rest }) => rest);
}

Deno.test("a hostile relay finds out nothing of what is on the client's network", () =>
  story(async ({ relay, start }) => {
    using open = device();
    const closed = freePort();
    // By `online`, by each message, and by tickets to park with; an open port and a closed one.
    relay.announced = { dataHost: "127.0.0.1", dataPort: open.port };
    start({ pool: 2 }, { addresses: elsewhere(), random: () => 0.5 });
    await relay.ready(0);
    const hosts = ["127.0.0.1", "localhost", "127.1", "0.0.0.0", "::ffff:127.0.0.1", "no.invalid"];
    const places = hosts.flatMap((dataHost) =>
      [open.port, closed].map((dataPort) => ({ dataHost, dataPort }))
    );
    const ask = (place: object): void => {
      const visitor = { address: "203.0.113.9", port: 1 };
      const ticket = relay.ticket("connect");
      relay.send({ type: "connect", ticket, visitor, expiresInMs: 10_000, ...place });
    };
    for (const place of [{}, ...places]) {
      relay.send({ type: "tickets", tickets: [relay.ticket("tickets")], ...place });
      ask(place);
    }
    // Again and again online, as the first client did as it was told.
    for (const place of places) {
      relay.send({ type: "online", hostname: "kaylee.glosson.localhost", ...place });
      ask({});
    }
    const count = 1 + places.length * 2;
    await relay.changes.until(() => refusals(relay).length === count);
    const reason = { type: "refuse", reason: "cannot serve" };
    assert.deepEqual(refusals(relay), Array.from({ length: count }, () => reason));
    // And what the client says of the way to the data port is the same for each of them.
    const words = new Set(relay.session!.messages.map(({ dataPath }) => dataPath));
    words.delete(undefined);
    assert.deepEqual([...words], ["unknown-host"]);
    assert.equal(open.visits(), 0);
    assert.equal(relay.sessions.length, 1);
  }));

Deno.test("a relay does not say that the page is at another host", () =>
  story(async ({ relay, start }) => {
    const own = "https://kaylee.glosson.localhost";
    for (const [url, page] of [[`${own}:8443`, `${own}:8443`], ["https://192.168.1.1:22", own]]) {
      relay.announced = { url };
      const client = start();
      await relay.changes.until(() => client.lines.some((line) => / Online /.test(line)));
      const online = client.lines.find((line) => / Online /.test(line));
      assert.match(online!, new RegExp(`info +Online url="?${page}"?$`));
      const warned = client.lines.some((line) =>
        line.includes("gives this page another's address")
      );
      assert.equal(warned, url !== page);
      client.leave();
      await client.ended;
    }
  }));

Deno.test("a ticket is shown where its message says, else where the session began", () =>
  story(async ({ relay, start }) => {
    start();
    await relay.ready(0);
    using other = device();
    const visitor = { address: "203.0.113.9", port: 1 };
    const connect = { type: "connect", visitor, expiresInMs: 10_000 };
    relay.send({ ...connect, ticket: relay.ticket("connect"), dataPort: other.port });
    await relay.changes.until(() => refusals(relay).length === 0 && other.visits() === 1);
    // Not the place that a later `online` names.
    relay.send({
      type: "online",
      hostname: "kaylee.glosson.localhost",
      dataHost: "localhost",
      dataPort: other.port,
    });
    const visit = await relay.visit();
    assert.equal((await new HttpExchange(visit).get("/")).status, 200);
    visit.close();
    assert.deepEqual(relay.shown, ["connect"]);
    assert.equal(other.visits(), 1);
  }));

Deno.test("a relay may name sixteen data ports a session, no more", () =>
  story(async ({ relay, start }) => {
    start();
    await relay.ready(0);
    using other = device();
    for (let i = 0; i < 40; i++) {
      relay.send({
        type: "connect",
        ticket: relay.ticket("connect"),
        visitor: { address: "203.0.113.9", port: 1 },
        expiresInMs: 10_000,
        // Names of this computer, each of them another place.
        dataHost: `d${i}.localhost`,
        dataPort: other.port,
      });
    }
    // The place of `online` is not among them until it is used.
    await relay.changes.until(() => other.visits() + refusals(relay).length >= 40);
    assert.deepEqual([other.visits(), refusals(relay).length], [16, 24]);
  }));
