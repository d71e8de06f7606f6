import assert from "node:assert/strict";
import { Usage } from "../../../lib/account/usage.ts";
import { createLog } from "../../../lib/log.ts";
import { openPostgres } from "../../../lib/store/postgres/open.ts";
import type { Store } from "../../../lib/store/store.ts";
import { parsePostgresUrl } from "../../../lib/wire/postgres_url.ts";
import { grantToken } from "../../store/grant_token.ts";
import { Interrupter } from "./interrupter.ts";
import { PostgresServer } from "./server.ts";

/** What both relays go by: no day ends meanwhile. */
const NOON = Date.UTC(2026, 0, 1, 12);

Deno.test("a day's bytes are counted once and of all relays, whatever becomes of an answer", async () => {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await PostgresServer.start());
  const url = await server.createDatabase();
  const way = stack.use(await Interrupter.open(server, parsePostgresUrl(url).database));
  const lines: string[] = [];
  /** A relay's counting, at most 1,000 bytes a user and day. */
  async function relayAt(url: string): Promise<{ store: Store; usage: Usage; usedUp: string[] }> {
    const store = await openPostgres({ address: parsePostgresUrl(url) });
    stack.defer(() => store.close());
    const usedUp: string[] = [];
    const usage = new Usage({
      figures: store.figures,
      today: new Map(),
      bytesPerDay: () => 1_000,
      onUsedUp: (username) => usedUp.push(username),
      log: createLog({ write: (line) => lines.push(line) }),
      now: () => NOON,
    });
    stack.defer(() => usage.stop());
    return { store, usage, usedUp };
  }
  const one = await relayAt(way.url);
  const other = await relayAt(url);
  await grantToken(other.store, "kaylee");

  one.usage.joined("kaylee", "parked");
  one.usage.passed("kaylee", { forward: 300, backward: 300 });
  const lost = way.at("COMMIT", "lose answer");
  await one.usage.flush();
  await lost;
  assert.match(lines.join(), /cannot write users' figures, trying again/);
  const stored = async () => (await other.store.figures.of("kaylee"))!;
  assert.equal((await stored()).day.bytes, 600, "it was taken all the same");
  one.usage.passed("kaylee", { forward: 0, backward: 100 });
  await one.usage.flush();
  const { visitors, bytesToClient, day: { bytes } } = await stored();
  assert.deepEqual([visitors, bytesToClient, bytes], [1, 300, 700]);

  // 300 bytes at either are within the limit, and 700 + 300 are not.
  other.usage.passed("kaylee", { forward: 300, backward: 0 });
  assert.deepEqual([other.usage.isUsedUp("kaylee"), other.usedUp], [false, []]);
  await other.usage.flush();
  assert.deepEqual([other.usage.isUsedUp("kaylee"), other.usedUp], [true, ["kaylee"]]);
  one.usage.passed("kaylee", { forward: 1, backward: 0 });
  await one.usage.flush();
  assert.deepEqual(one.usedUp, ["kaylee"]);
});
