import assert from "node:assert/strict";
import { once } from "node:events";
import * as http2 from "node:http2";
import * as tls from "node:tls";
import { setUpGlosson } from "./glosson.ts";
import { type Relay, startRelay } from "./relay.ts";
import { HOST, stayingVisitor } from "./staying_visitor.ts";

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
  const slow = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  let waiting = 0;
  await using app = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/slow") {
        if (++waiting === 2) asked.resolve();
        await slow.promise;
      }
      return new Response(`page of ${pathname}`);
    },
  );
  await using glosson = await setUpGlosson(relay, "kaylee");
  await glosson.run("--upstream", `http://127.0.0.1:${app.addr.port}`).said(/ Online /);
  using kept = await stayingVisitor(relay);
  using waits = await stayingVisitor(relay);
  using first = await stayingVisitor(relay);
  await kept.ask("/");
  assert.match(await kept.answer(), /page of \//);
  await waits.ask("/");
  assert.match(await waits.answer(), /page of \//);
  const overHttp2 = await http2Visitor(relay);
  // One asks on a connection that has had an answer, one on a new one.
  await waits.ask("/slow");
  await first.ask("/slow");
  await asked.promise;

  const stopped = relay.stop();
  assert.equal(await kept.answer(), "");
  await overHttp2.ended;
  slow.resolve();
  assert.match(await waits.answer(), /page of \/slow/);
  assert.match(await first.answer(), /page of \/slow/);
  // They kept their connections no longer than that.
  assert.deepEqual([await waits.answer(), await first.answer()], ["", ""]);
  assert.equal((await stopped).code, 0);
});
