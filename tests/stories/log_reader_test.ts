import assert from "node:assert/strict";
import { startRelay } from "./relay.ts";
import { connectControl, getCertificate, serveUser, signUp, visit } from "./user.ts";

/** Starts the daemon with a reader of its log that ends at the line "ready". */
const FICKLE_READER = [
  "bash",
  "-c",
  `exec "$@" 2> >(sed -u '/"message":"ready"/q' >&2)`,
  "bash",
];

Deno.test("a log whose reader has gone costs its lines and nothing else", async () => {
  const relay = await startRelay({ launcher: FICKLE_READER });
  try {
    await relay.readerGone;
    // Each of these is logged; the token is granted before that, and would be lost.
    const user = await signUp(relay, "kaylee");
    assert.match((await getCertificate(relay, user)).cert, /BEGIN CERTIFICATE/);
    {
      await using _server = await serveUser(relay, user, () => new Response("hello"));
      assert.equal((await visit(relay, user.hostname)).body, "hello");
    }
    const link = await connectControl(relay, user);
    const { code, signal } = await relay.stop("SIGTERM");
    assert.equal((await link.closed).code, 1012, "the client was not sent away before the end");
    assert.deepEqual([code, signal], [0, null]);
  } finally {
    await relay[Symbol.asyncDispose]();
  }
});
