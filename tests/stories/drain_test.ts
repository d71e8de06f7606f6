import assert from "node:assert/strict";
import { once } from "node:events";
import * as http2 from "node:http2";
import * as tls from "node:tls";
import { type Relay, startRelay } from "./relay.ts";
import { HOST, stayingVisitor } from "./staying_visitor.ts";
import { serveUser, signUp } from "./user.ts";

/** What makes an answer too long for something that a server says by itself. */
const PADDING = { "x-padding": "~".repeat(2_000) };

/** Longer than anything else takes: when it is over, who waits for an answer gets none. */
const DRAIN_SECONDS = "20";

/** A visitor over HTTP/2 who gets a page and keeps the connection; tells when that has ended. */
async function http2Visitor(relay: Relay): Promise<{ ended: Promise<unknown> }> {
  const session = http2.connect(`https://${HOST}`, {
    createConnection: () =>
      tls.connect({
        ...{ host: "127.0.0.1", port: relay.ports.hub!, servername: HOST },
        ...{ ca: relay.ca, ALPNProtocols: ["h2"] },
      }),
  });
  session.on("error", () => {});
  const ended = once(session, "close");
  const stream = session.request({ ":path": "/" });
  stream.setEncoding("latin1");
  let body = "";
  stream.on("data", (text: string) => body += text);
  await once(stream, "end");
  assert.equal(body, "page of /");
  return { ended };
}

Deno.test("a relay that stops waits for who is being answered, and for no connection that is only kept", async () => {
  await using relay = await startRelay({ settings: { DRAIN_SECONDS } });
  const user = await signUp(relay, "kaylee");
  const slow = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  let waiting = 0;
  await using _server = await serveUser(relay, user, async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/slow") {
      if (++waiting === 2) asked.resolve();
      await slow.promise;
    }
    return new Response(`page of ${pathname}`, { headers: PADDING });
  });
  using kept = await stayingVisitor(relay);
  using waits = await stayingVisitor(relay);
  await kept.ask("/");
  assert.match(await kept.answer(), /page of \//);
  await waits.ask("/");
  assert.match(await waits.answer(), /page of \//);
  const overHttp2 = await http2Visitor(relay);
  // Gets the server's tickets, and for long nothing else.
  using first = await stayingVisitor(relay);
  await first.ask("/slow");
  await waits.ask("/slow");
  await asked.promise;

  const stopped = relay.stop();
  assert.equal(await kept.answer(), "");
  await overHttp2.ended;
  // Beyond what ends the others.
  slow.resolve();
  assert.match(await waits.answer(), /page of \/slow/);
  assert.match(await first.answer(), /page of \/slow/);
  assert.equal((await stopped).code, 0);
});
