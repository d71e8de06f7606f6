import assert from "node:assert/strict";
import { until } from "../certificate/helpers.ts";
import { type ClientProgram, CLIENTS, type Glosson, setUpGlosson } from "../stories/glosson.ts";
import { glossond } from "../stories/admin_command.ts";
import { type Relay, startRelay } from "../stories/relay.ts";
import { readToEnd } from "../stories/user.ts";
import { type Nat, openNat, RELAY_ADDRESS } from "./nat.ts";

const BASE = "glosson.test";

/** Gets the page as a visitor; resolves to its status and how long it took, milliseconds. */
async function visit(port: number, ca: string): Promise<{ status: number; ms: number }> {
  const began = performance.now();
  const conn = await Deno.connect({ hostname: RELAY_ADDRESS, port });
  const hostname = `kaylee.${BASE}`;
  using tls = await Deno.startTls(conn, { hostname, caCerts: [ca], alpnProtocols: ["http/1.1"] });
  const request = `GET / HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`;
  await tls.write(new TextEncoder().encode(request));
  const text = new TextDecoder().decode(await readToEnd(tls));
  return { status: Number(text.split(" ")[1]), ms: performance.now() - began };
}

/** A relay and a client that is set up at it, each on its side of a router. */
async function home(client?: ClientProgram): Promise<
  AsyncDisposable & { nat: Nat; relay: Relay; glosson: Glosson; hub: number; data: number }
> {
  await using stack = new AsyncDisposableStack();
  const nat = stack.use(await openNat(`relay.${BASE}`));
  const relay = stack.use(
    await startRelay({
      launcher: nat.relay,
      settings: {
        BASE_DOMAIN: BASE,
        HUB_HOST: "0.0.0.0",
        DATA_HOST: "0.0.0.0",
        PUBLIC_DATA_HOST: `relay.${BASE}`,
      },
    }),
  );
  const { hub, data } = relay.ports as { hub: number; data: number };
  const url = `https://relay.${BASE}:${hub}`;
  const glosson = stack.use(
    await setUpGlosson(relay, "kaylee", {
      ...{ launcher: nat.client, url },
      ...(client && { client }),
    }),
  );
  const open = stack.move();
  return { nat, relay, glosson, hub, data, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

Deno.test("behind a router that drops what goes to the data port the page is there over one port alone", async () => {
  await using place = await home();
  const { nat, relay, glosson, hub, data } = place;
  await nat.block(data);
  const client = glosson.run();
  await client.said(/ Online /);
  const online = performance.now();
  // Its first connection waits for TCP in vain, and not long enough to lose its visitor.
  assert.equal((await visit(hub, relay.ca)).status, 200);
  assert.ok(performance.now() - online < 9_000);
  await client.said(/ info +The relay's data port cannot be used in this network/);
  // Whether what came in its place lasts is known a moment later.
  await until(async () => {
    const { code, stdout } = await glosson.command("status", "--json");
    assert.equal(code, 0);
    return JSON.parse(stdout).data?.over === "websocket";
  }, "a status that names the WebSockets");
  assert.equal((await client.stop()).code, 0);

  // In a network that is known nobody waits.
  const again = glosson.run();
  await again.said(/ Online /);
  const { status, ms } = await visit(hub, relay.ca);
  assert.equal(status, 200);
  assert.ok(ms < 2_000, `${ms} ms`);
  const state = await Deno.readTextFile(`${glosson.stateDir}/networks.json`);
  assert.deepEqual(JSON.parse(state), { addresses: ["10.88.2.2"] });
});

/** What `status` says of visitors, and its exit code. */
async function served(glosson: Glosson): Promise<[code: number, text: string]> {
  const { code, stdout } = await glosson.command("status");
  return [code, /^Visitors: +(.*)$/m.exec(stdout)?.[1] ?? ""];
}

/** Two visitors who get nothing: one can be an accident. */
async function visitInVain(hub: number, ca: string): Promise<void> {
  const both = await Promise.allSettled([visit(hub, ca), visit(hub, ca)]);
  assert.deepEqual(both.map(({ status }) => status), ["rejected", "rejected"]);
}

for (const [name, program] of Object.entries(CLIENTS)) {
  Deno.test(`${name}: where what is sent to the data port gets lost once it is large, visitors come by WebSockets`, async () => {
    await using place = await home(program);
    const { nat, relay, glosson, hub, data } = place;
    const client = glosson.run();
    await client.said(/ Online\b/);
    assert.equal((await visit(hub, relay.ca)).status, 200);
    await nat.dropLarge(data);
    await visitInVain(hub, relay.ca);
    await client.said(/ Visitors cannot be served\b/);
    const { status, ms } = await visit(hub, relay.ca);
    assert.equal(status, 200);
    assert.ok(ms < 5_000, `${ms} ms`);
    await client.said(/cannot be used in this network/);
    await until(
      async () => (await served(glosson))[1].startsWith("can be served: by WebSockets"),
      "a status that names the WebSockets",
    );
  });

  Deno.test(`${name}: where what is sent to the relay gets lost once it is large, log, status and operator are told so`, async () => {
    await using place = await home(program);
    const { nat, relay, glosson, hub, data } = place;
    const client = glosson.run();
    await client.said(/ Online\b/);
    assert.equal((await visit(hub, relay.ca)).status, 200);
    await nat.dropLarge(data, hub);
    await visitInVain(hub, relay.ca);
    await client.said(/Visitors cannot be served: what this computer answers does not arrive/);
    await until(async () => (await served(glosson))[0] === 1, "a status that is not well");
    const [, text] = await served(glosson);
    assert.match(text, /^CANNOT BE SERVED since .*nothing of what visitors are answered arrives/);
    const shown = await glossond(relay.stateDir, "users", "show", "kaylee");
    assert.match(shown.stdout, /reached, BUT NOTHING of what the client answers arrives/);

    await nat.unblock();
    await until(async () => {
      const visited = await visit(hub, relay.ca).catch(() => undefined);
      return visited?.status === 200;
    }, "a visitor who gets the page");
    await until(async () => (await served(glosson))[0] === 0, "a status that is well again");
  });
}
