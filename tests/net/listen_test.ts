import assert from "node:assert/strict";
import { SILENT_LOG } from "../../lib/log.ts";
import { serveTcp } from "../../lib/net/listen.ts";

/** A listener whose `accept` does what is told, as a real one does when descriptors run out. */
function listenerThat(accept: () => Promise<Deno.TcpConn>): Deno.TcpListener {
  return { accept, close() {} } as Deno.TcpListener;
}

Deno.test("serveTcp() tells when it cannot accept, and when a peer alone was the cause", async () => {
  for (
    const [error, failures] of [
      [new Deno.errors.ConnectionReset("reset"), 0],
      [new Error("Too many open files (os error 24)"), 1],
    ] as const
  ) {
    const waiting = Promise.withResolvers<Deno.TcpConn>();
    let calls = 0;
    const server = serveTcp(
      listenerThat(() => calls++ === 0 ? Promise.reject(error) : waiting.promise),
      { name: "hub", onConnection: () => Promise.resolve(), log: SILENT_LOG },
    );
    while (calls < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal(server.counts.acceptErrors, failures);
    assert.equal(server.accepting, failures === 0);
    const stopping = server.stop();
    assert.equal(server.accepting, false);
    waiting.reject(new Error("closed"));
    await stopping;
  }
});
