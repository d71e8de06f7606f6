import assert from "node:assert/strict";
import { writeAll } from "../../lib/net/splice.ts";
import { usageOf } from "../../scripts/bench/usage.ts";
import { hello, serverName } from "../wire/hello_builder.ts";
import { BASE, startRelay } from "./relay.ts";
import { connectControl, dialData, readJoin, signUp } from "./user.ts";

/** What the visitor takes. */
const BYTES_PER_SECOND = 24e6;

/** How much the relay may grow meanwhile: a sender that outran the reader would grow it in no time. */
const MAX_GROWTH_BYTES = 4e6;

Deno.test({
  name: "a slow visitor of a fast client costs the relay no memory",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using relay = await startRelay({ settings: { LOG_LEVEL: "info" } });
    await using kaylee = await connectControl(relay, await signUp(relay, "kaylee"));
    using visitor = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports.hub! });
    await writeAll(visitor, hello({ extensions: [serverName(`kaylee.${BASE}`)] }));
    const { ticket } = await kaylee.next("connect");
    const client = await dialData(relay, ticket);
    await readJoin(client);
    const pouring = (async () => {
      const chunk = new Uint8Array(1024 * 1024);
      while (true) await writeAll(client, chunk);
    })().catch(() => {});

    const p = new Uint8Array(256 * 1024);
    async function read(total: number): Promise<void> {
      for (let left = total; left > 0;) {
        const n = await visitor.read(p.subarray(0, Math.min(left, p.length)));
        assert.ok(n !== null);
        left -= n;
      }
    }
    // At full speed first: code and pools, which stay, are not what is asked for.
    await read(500e6);
    const before = usageOf([relay.pid]).rssBytes;
    let most = before;
    const began = performance.now();
    for (let step = 1; step <= 60; step++) {
      await read(BYTES_PER_SECOND / 20);
      most = Math.max(most, usageOf([relay.pid]).rssBytes);
      const ahead = step * 50 - (performance.now() - began);
      if (ahead > 0) await new Promise((resolve) => setTimeout(resolve, ahead));
    }
    client.close();
    await pouring;
    assert.ok(most - before < MAX_GROWTH_BYTES, `grew by ${most - before} bytes`);
  },
});
