import assert from "node:assert/strict";
import net from "node:net";
import tls from "node:tls";
import { startRelay } from "./relay.ts";
import { serveUser, signUp } from "./user.ts";

/** Where the visitor comes from; nothing else here has this address. */
const VISITOR = "127.0.0.77";

/** Sends an HTTP request over TLS from {@linkcode VISITOR} and returns what comes back. */
function ask(port: number, servername: string, request: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = net.connect({ port, host: "127.0.0.1", localAddress: VISITOR });
  const session = tls.connect({ socket, servername, rejectUnauthorized: false });
  let text = "";
  session.setEncoding("utf8");
  session.on("data", (chunk: string) => text += chunk);
  session.on("error", () => resolve(text));
  session.on("close", () => resolve(text));
  session.write(request);
  return promise;
}

Deno.test("a visitor's address is in debug lines and in no other", async () => {
  for (const level of ["info", "debug"]) {
    await using relay = await startRelay({ settings: { LOG_LEVEL: level } });
    const user = await signUp(relay, "kaylee");
    const get = (host: string): string =>
      `GET /v1/relay HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    {
      await using _server = await serveUser(relay, user, () => new Response("hello"));
      const { hub = 0, control = 0 } = relay.ports;
      assert.match(await ask(hub, user.hostname, get(user.hostname)), /hello/);
      assert.match(await ask(hub, "nobody.glosson.localhost", get("x")), /421/);
      await ask(hub, "foreign.example", get("x"));
      const body = JSON.stringify({ username: "inara" });
      const claim = `POST /v1/claims HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`;
      assert.match(await ask(control, "localhost", claim), / 201 /);
    }
    await relay.stop();
    const telling = relay.lines.filter((line) => JSON.stringify(line).includes(VISITOR));
    assert.equal(telling.length > 0, level === "debug", JSON.stringify(telling));
    assert.deepEqual(telling.filter((line) => line.level !== "debug"), []);
  }
});
