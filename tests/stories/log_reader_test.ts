import assert from "node:assert/strict";
import { must } from "../../scripts/run.ts";
import { ALERT, answer, helloFor } from "./hub_visitor.ts";
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

/** Lines of a visitor each, more than the 64 KiB that a pipe holds. */
const VISITORS = 400;

/** Starts the daemon with a reader of its log that stands still at the line "ready" until `gate` is written to. */
function idleReader(gate: string): string[] {
  const reader = `sed -u '/"message":"ready"/q' >&2; read < "${gate}"; exec cat >&2`;
  return ["bash", "-c", `exec "$@" 2> >(${reader})`, "bash"];
}

Deno.test("a log whose reader stands still holds nothing up, and loses no line that there is room for", async () => {
  const dir = await Deno.makeTempDir({ prefix: "glossond-log-" });
  const gate = `${dir}/gate`;
  await must("mkfifo", [gate]);
  const relay = await startRelay({ launcher: idleReader(gate) });
  try {
    for (let i = 0; i < VISITORS; i++) {
      const name = `${"x".repeat(60)}.${i}.example.org`;
      assert.equal(await answer(relay, [helloFor(name)]), ALERT.unrecognizedName, name);
    }
    const user = await signUp(relay, "kaylee");
    const link = await connectControl(relay, user);
    const stopped = relay.stop("SIGTERM");
    assert.equal((await link.closed).code, 1012, "the signal was not seen");
    await Deno.writeTextFile(gate, "\n");
    assert.equal((await stopped).code, 0);
    const seen = relay.lines.filter(({ outcome }) => outcome === "foreign-name");
    assert.equal(seen.length, VISITORS);
  } finally {
    await relay[Symbol.asyncDispose]();
    await Deno.remove(dir, { recursive: true });
  }
});
