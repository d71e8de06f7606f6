import assert from "node:assert/strict";
import { Counters } from "../../lib/admin/counters.ts";
import { createHops } from "../../lib/daemon/cluster.ts";
import { SILENT_LOG } from "../../lib/log.ts";
import { IdleWatch } from "../../lib/net/idle_watch.ts";
import { writeAll } from "../../lib/net/splice.ts";
import { pipe } from "../net/pipe.ts";

/** A relay's data port that answers with what it got, until that is over. */
function echoingRelay() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = (async () => {
    for await (const conn of listener) conn.readable.pipeTo(conn.writable).catch(() => {});
  })();
  return {
    to: { dataHost: "127.0.0.1", dataPort: listener.addr.port },
    async [Symbol.asyncDispose]() {
      listener.close();
      await served;
    },
  };
}

async function readAll(conn: { read(p: Uint8Array): Promise<number | null> }): Promise<number> {
  const buffer = new Uint8Array(1024);
  let total = 0;
  for (let n; (n = await conn.read(buffer)) !== null;) total += n;
  return total;
}

/** A watch that only a test has look. */
function watch(): IdleWatch & Disposable {
  return Object.assign(new IdleWatch(2 ** 31 - 1), {
    [Symbol.dispose](this: IdleWatch) {
      this.stop();
    },
  });
}

Deno.test("createHops() ends a connection to a relay of which nothing is heard any more", async () => {
  await using there = echoingRelay();
  using idle = watch();
  const hop = createHops({ metrics: { counters: new Counters() }, log: SILENT_LOG, idle });
  const [conn, client] = pipe();
  const hopping = hop({ conn, ticket: "0", username: "kaylee" }, there.to);
  // The preface comes back from there, and is all that is ever heard.
  const buffer = new Uint8Array(1024);
  assert.ok(await client.read(buffer));
  assert.equal(idle.size, 1);
  for (let i = 0; i < 20; i++) idle.step();
  await hopping;
  assert.deepEqual([idle.size, await client.read(buffer)], [0, null]);
});

Deno.test("createHops() counts every byte of connections that pass at once", async () => {
  await using there = echoingRelay();
  const counters = new Counters();
  using idle = watch();
  const hop = createHops({ metrics: { counters }, log: SILENT_LOG, idle });
  const sizes = [10, 200];
  const far = sizes.map(() => pipe());
  const hops = far.map(([conn], i) => hop({ conn, ticket: `${i}`, username: "kaylee" }, there.to));
  let echoed = 0;
  for (const [i, [, client]] of far.entries()) {
    await writeAll(client, new Uint8Array(sizes[i]!));
    await client.closeWrite();
    // The preface, too.
    echoed += await readAll(client);
  }
  await Promise.all(hops);
  assert.ok(echoed > 210);
  assert.equal(counters.hopBytes, 210 + echoed);
});
