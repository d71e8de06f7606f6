import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { listenOnce } from "../../lib/net/serve_socket.ts";

Deno.test("listenOnce() leaves no file from the moment on that it is over: its process may end then", async () => {
  const folder = await Deno.makeTempDir({ prefix: "glossond-test-" });
  try {
    const path = `${folder}/door.sock`;
    const unvisited = listenOnce(path, () => assert.fail("nobody came"));
    assert.ok(existsSync(path));
    unvisited[Symbol.dispose]();
    assert.equal(existsSync(path), false);

    const came = Promise.withResolvers<boolean>();
    using _listening = listenOnce(path, (conn) => {
      conn.close();
      came.resolve(existsSync(path));
    });
    (await Deno.connect({ transport: "unix", path })).close();
    assert.equal(await came.promise, false);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
