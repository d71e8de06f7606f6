import assert from "node:assert/strict";
import { PlainServer } from "../../lib/net/plain_server.ts";
import { writeAll } from "../../lib/net/splice.ts";
import { temporaryFolder } from "../certificate/helpers.ts";
import { pipe, type PipeEnd, readAll, text, utf8 } from "./pipe.ts";

const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/** A server whose answers are held back until `answer`, and its connections. */
async function withServer(
  use: (it: {
    server: PlainServer;
    open: () => { peer: PipeEnd; passed: Promise<unknown> };
    /** Answers the request that came first, once it has come. */
    answer: () => void;
    asked: () => Promise<void>;
  }) => Promise<void>,
): Promise<void> {
  await using folder = temporaryFolder();
  const held = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const server = new PlainServer({
    socketPath: `${folder.path}/plain.sock`,
    oneAnswer: false,
    async handler() {
      asked.resolve();
      await held.promise;
      return new Response("well");
    },
  });
  await use({
    server,
    open() {
      const [peer, conn] = pipe();
      return { peer, passed: server.pass(conn, 1, new Uint8Array(0)) };
    },
    answer: held.resolve,
    asked: () => asked.promise,
  });
  await server.stop();
}

Deno.test("PlainServer.endKept() ends a connection once what was asked on it is answered", () =>
  withServer(async ({ server, open, answer, asked }) => {
    const { peer, passed } = open();
    await writeAll(peer, utf8(GET));
    await asked();
    server.endKept();
    answer();
    const said = text(await readAll(peer));
    assert.match(
      said,
      /^HTTP\/1\.1 200 OK\r\n(?:.+\r\n)*connection: close\r\n(?:.+\r\n)*\r\nwell$/i,
    );
    await peer.closeWrite();
    await passed;
  }));

Deno.test("PlainServer.endKept() ends a connection at once where nothing is asked", () =>
  withServer(async ({ server, open, answer }) => {
    const { peer, passed } = open();
    answer();
    await writeAll(peer, utf8(GET));
    const head = new Uint8Array(4096);
    assert.match(text(head.subarray(0, await peer.read(head) ?? 0)), /^HTTP\/1\.1 200 OK\r\n/);
    server.endKept();
    assert.equal((await readAll(peer)).length, 0);
    await peer.closeWrite();
    await passed;
  }));
