import assert from "node:assert/strict";
import { lookAtOwnPage } from "../../../../examples/client/watch/page_look.ts";
import { Witness } from "../../../../examples/client/watch/witness.ts";
import { closeQuietly } from "../../../../lib/net/splice.ts";
import { NO_VISITOR_END } from "./no_visitor_end.ts";

Deno.test("lookAtOwnPage() ends with its signal at a relay that takes connections and says nothing", async () => {
  using server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const witness = new Witness(NO_VISITOR_END, () => {});
  const leaving = new AbortController();
  const look = lookAtOwnPage({
    page: new URL(`https://kaylee.localhost:${server.addr.port}`),
    ...{ address: "127.0.0.1", ca: undefined, witness, signal: leaving.signal },
  });
  using first = await server.accept();
  // The ClientHello: from here on it is the relay's turn.
  assert.equal(await first.read(new Uint8Array(1)), 1);
  const again = server.accept();
  leaving.abort(new Error("leaving"));
  const end = await Promise.race([look, again]);
  assert.deepEqual(end, { verdict: "not seen", why: "127.0.0.1: leaving" });
  // What is left of the look, should it have gone on.
  closeQuietly(server);
  await again.catch(() => {});
});
