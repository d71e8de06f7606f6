import assert from "node:assert/strict";
import { CheckingRelay } from "../../../examples/conformance/relay.ts";
import { SUBPROTOCOL } from "../../../lib/wire/messages.ts";
import { closeQuietly, writeAll } from "../../../lib/net/splice.ts";

async function open(relay: CheckingRelay, alpnProtocols: string[]): Promise<Deno.TlsConn> {
  const port = Number(new URL(relay.url).port);
  return await Deno.startTls(await Deno.connect({ hostname: "127.0.0.1", port }), {
    hostname: "localhost",
    caCerts: [relay.authority.pem],
    alpnProtocols,
  });
}

/** Sends a request and reads what comes up to the end of the answer's head. */
async function headOf(tls: Deno.TlsConn, lines: string[]): Promise<string> {
  await writeAll(tls, new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`));
  const bytes = new Uint8Array(16 * 1024);
  let length = 0;
  for (let text = ""; !text.includes("\r\n\r\n");) {
    const n = await tls.read(bytes.subarray(length));
    if (n === null) break;
    length += n;
    text = new TextDecoder().decode(bytes.subarray(0, length));
  }
  return new TextDecoder().decode(bytes.subarray(0, length));
}

Deno.test("CheckingRelay takes an opening handshake that says it has no body, as Java's does", async () => {
  const relay = await CheckingRelay.start(() => "");
  const tls = await open(relay, ["http/1.1"]);
  try {
    relay.api.token = "a-token";
    const head = await headOf(tls, [
      "GET /v1/control HTTP/1.1",
      "Connection: Upgrade",
      "Content-Length: 0",
      "Host: localhost",
      "Upgrade: websocket",
      "Authorization: Bearer a-token",
      "Sec-WebSocket-Key: /EMbtayFrNqbk3aLSDamzg==",
      `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`,
      "Sec-WebSocket-Version: 13",
    ]);
    assert.match(head, /^HTTP\/1\.1 101 /);
    await relay.ready(0);
  } finally {
    closeQuietly(tls);
    await relay.stop();
  }
});

Deno.test("CheckingRelay speaks HTTP/1.1 alone, and names itself by https", async () => {
  const relay = await CheckingRelay.start(() => "");
  const tls = await open(relay, ["h2", "http/1.1"]);
  try {
    assert.equal((await tls.handshake()).alpnProtocol, "http/1.1");
    const answer = await headOf(tls, ["GET /v1/relay HTTP/1.1", "Host: localhost"]);
    assert.match(answer, /^HTTP\/1\.1 200 /);
  } finally {
    closeQuietly(tls);
    await relay.stop();
  }
});
