import assert from "node:assert/strict";
import { closeQuietly, writeAll } from "../../lib/net/splice.ts";
import { openTls, raw, type RawAnswer, readAnswers } from "./raw_https.ts";
import { BASE, type Relay, startRelay } from "./relay.ts";
import { apiOf } from "./user.ts";

const HOST = `relay.${BASE}`;

/** A way to the hub on which a client ends its side by TCP alone, without a word in TLS. */
async function bareEnds(relay: Relay): Promise<{ relay: Relay; endNext: () => void } & Disposable> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const hub = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports.hub! });
  let ending = false;
  void (async () => {
    const client = await listener.accept();
    hub.readable.pipeTo(client.writable).catch(() => {});
    const chunk = new Uint8Array(64 * 1024);
    for (let n = await client.read(chunk); n !== null; n = await client.read(chunk)) {
      await writeAll(hub, chunk.subarray(0, n));
      if (ending) return await hub.closeWrite();
    }
  })().catch(() => {});
  return {
    relay: { ...relay, ports: { ...relay.ports, hub: listener.addr.port } },
    endNext: () => ending = true,
    [Symbol.dispose]() {
      closeQuietly(listener);
      closeQuietly(hub);
    },
  };
}

/** Asks once, then again and ends its side with that: both answers. */
async function askAndEnd(
  { relay, endNext }: { relay: Relay; endNext?: () => void },
  method: string,
  path: string,
): Promise<RawAnswer[]> {
  const tls = await openTls(relay, { listener: "hub", serverName: HOST });
  const chunk = new Uint8Array(64 * 1024);
  let text = "";
  async function read(): Promise<boolean> {
    const n = await tls.read(chunk).catch(() => null);
    if (n !== null) text += String.fromCharCode(...chunk.subarray(0, n));
    return n !== null;
  }
  const request = (what: string) => raw(`${what} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  // The handshake is over at the relay's end too once a first request is answered.
  await writeAll(tls, request("GET /v1/relay"));
  while (readAnswers(text, false).length < 1) assert.ok(await read());
  endNext?.();
  await writeAll(tls, request(`${method} ${path}`));
  if (endNext === undefined) await tls.closeWrite();
  while (readAnswers(text, false).length < 2 && await read());
  closeQuietly(tls);
  return readAnswers(text, false);
}

Deno.test("a client that ends its side with its request is answered, however long that takes", async () => {
  await using relay = await startRelay();
  const api = apiOf(relay);
  using _client = api.client;
  for (const [name, bare] of [["kaylee", false], ["inara", true]] as const) {
    const { body } = await api.request("POST", "/v1/claims", { body: { username: name } });
    await Deno.writeTextFile(`${relay.biosDir}/${name}.txt`, body.code);
    using way = bare ? await bareEnds(relay) : { relay, [Symbol.dispose]() {} };
    const [, verified] = await askAndEnd(way, "POST", `/v1/claims/${body.claim}/verify`);
    assert.equal(verified?.status, 200, `${name}: the claim is used up, and its token lost`);
    assert.equal(typeof JSON.parse(verified.body).token, "string");
  }
});
