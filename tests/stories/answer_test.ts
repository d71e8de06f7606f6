import assert from "node:assert/strict";
import { until } from "../certificate/helpers.ts";
import { setUpGlosson } from "./glosson.ts";
import { ended, helloFor, rest, send } from "./hub_visitor.ts";
import { BASE, type Relay, startRelay } from "./relay.ts";
import { connectControl, type ControlLink, dialData, readJoin, signUp } from "./user.ts";

const HELLO = helloFor(`kaylee.${BASE}`);

/** A visitor joined over a data connection that was asked for. */
async function dialled(relay: Relay, link: ControlLink) {
  const visitor = await send(relay, [HELLO]);
  const client = await dialData(relay, (await link.next("connect")).ticket);
  await readJoin(client);
  return { visitor, client };
}

/** Visitors joined over connections that were parked. */
async function parked(relay: Relay, link: ControlLink) {
  link.send({ type: "pool", size: 1 });
  const client = await dialData(relay, (await link.next("tickets")).tickets[0]);
  link.send({ type: "pool", size: 1 });
  const visitor = await send(relay, [HELLO]);
  await readJoin(client);
  return { visitor, client };
}

Deno.test("a joined visitor is answered within 10 s, or both connections are closed", async () => {
  await using relay = await startRelay();
  await using link = await connectControl(relay, await signUp(relay, "kaylee"));
  const started = performance.now();
  const silent = [
    await dialled(relay, link),
    // Its end of stream is passed on, which leaves one direction only to notice the close by.
    await dialled(relay, link),
    await dialled(relay, link),
    await parked(relay, link),
  ];
  await silent[1]!.visitor.closeWrite();
  await silent[2]!.client.closeWrite();
  const answered = await dialled(relay, link);
  await answered.client.write(Uint8Array.of(0x16));
  assert.equal(await answered.visitor.read(new Uint8Array(10)), 1);

  for (const { visitor, client } of silent) {
    // Not a word of the relay's own to the visitor, and nothing more to the client.
    assert.equal(await rest(visitor), "");
    assert.equal(await rest(client), "");
    const seconds = (performance.now() - started) / 1000;
    assert.ok(seconds > 9.5 && seconds < 12, `${seconds} s`);
    visitor.close();
    client.close();
  }
  await ended(relay, "unanswered", { serverName: `kaylee.${BASE}`, toVisitor: 0 });
  // Who was answered once may be kept waiting after that.
  await answered.visitor.write(Uint8Array.of(1, 2, 3));
  assert.equal(await answered.client.read(new Uint8Array(10)), 3);
  answered.visitor.close();
  answered.client.close();
});

Deno.test("an answer that comes late on a parked connection passes at once, whatever becomes of another one", async () => {
  await using relay = await startRelay();
  await using link = await connectControl(relay, await signUp(relay, "kaylee"));
  const { visitor, client } = await parked(relay, link);
  // Asked for as the client is silent; this one goes without it.
  const { ticket } = await link.next("connect");
  await client.write(new TextEncoder().encode("late"));
  const bytes = new Uint8Array(10);
  assert.equal(await visitor.read(bytes), 4);
  const another = await dialData(relay, ticket);
  assert.equal(await rest(another), new TextEncoder().encode("GLOSSON/1 refused\n").toHex());
  for (const conn of [visitor, client, another]) conn.close();
});

Deno.test("a client that answers two visitors nothing, and is there, is told so", async () => {
  await using relay = await startRelay({ settings: { ANSWER_SECONDS: "2" } });
  await using link = await connectControl(relay, await signUp(relay, "kaylee"));
  link.send({ type: "pool", size: 0, dataPath: "works" });
  const silent = [await dialled(relay, link), await dialled(relay, link)];
  assert.equal((await link.next("visitors")).answered, false);
  for (const { visitor, client } of silent) {
    visitor.close();
    client.close();
  }
  const { visitor, client } = await dialled(relay, link);
  await client.write(Uint8Array.of(0x16));
  assert.equal((await link.next("visitors")).answered, true);
  visitor.close();
  client.close();
});

Deno.test("a client that slept while visitors came does not take its network for one that loses what it answers", async () => {
  await using relay = await startRelay({ settings: { ANSWER_SECONDS: "2" } });
  await using glosson = await setUpGlosson(relay, "kaylee");
  const client = glosson.run();
  await client.said(/ Online\b/);
  // Its way to the data port is known once what is parked has lasted.
  await until(
    async () => (await glosson.command("status")).stdout.includes("can be served"),
    "known",
  );
  client.signal("SIGSTOP");
  try {
    for (const visitor of await Promise.all([HELLO, HELLO].map((part) => send(relay, [part])))) {
      assert.equal(await rest(visitor), "");
      visitor.close();
    }
  } finally {
    client.signal("SIGCONT");
  }
  // Told behind whatever it would be told of those.
  using visitor = await send(relay, [HELLO]);
  assert.notEqual(await rest(visitor), "");
  await client.stop();
  assert.deepEqual(client.lines.filter((line) => line.includes("cannot be")), []);
});
