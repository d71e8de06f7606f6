/**
 * A relay's part in what relays share, without the relay: it announces and reads as fast as it can; see
 * {@linkcode LoadProcess}.
 */
import type { ClusterEngine } from "../../../lib/cluster/engine.ts";
import { openPostgresCluster } from "../../../lib/cluster/postgres/open.ts";
import { parsePostgresUrl } from "../../../lib/wire/postgres_url.ts";
import { answerCalls } from "../load_process.ts";
import { quantile } from "../numbers.ts";

let engine: ClusterEngine;
let relay: string;

/** How late each change of another one was read here, milliseconds. */
const lags: number[] = [];

/** Reads what changes, one question at a time. */
function follow(from: number): () => void {
  let number = from;
  let [isReading, isDue] = [false, false];
  return async function onChange() {
    isDue = true;
    if (isReading) return;
    isReading = true;
    while (isDue) {
      isDue = false;
      const changes = await engine.changesSince(number);
      number = changes.number;
      const now = performance.timeOrigin + performance.now();
      // An epoch is when a session was announced, in microseconds of the database's clock: this machine's.
      for (const row of changes.presence) {
        if (row.relay !== relay) lags.push(now - row.epoch / 1000);
      }
    }
    isReading = false;
  };
}

await answerCalls({
  /** Takes part as a relay of an id. */
  async join({ url, id }: { url: string; id: string }) {
    relay = id;
    const me = { relay, boot: crypto.randomUUID(), version: "bench" };
    const data = { dataHost: "127.0.0.1", dataPort: 1 };
    engine = openPostgresCluster({ address: parsePostgresUrl(url) }, { ...me, data });
    await engine.join();
    const { number } = await engine.lastChange(0);
    const onChange = follow(number);
    await engine.listen({ onHearing() {}, onDeaf() {}, onMessage() {}, onChange });
  },
  /** Announces so many sessions at a time for a while; how many, and how late others' were known here. */
  async announce({ atOnce, seconds }: { atOnce: number; seconds: number }) {
    lags.length = 0;
    let writes = 0;
    for (const until = performance.now() + seconds * 1000; performance.now() < until; writes++) {
      const arrivals = Array.from(
        { length: atOnce },
        (_, i) => ({ username: `${relay}-${writes}-${i}`, ageMs: 0 }),
      );
      await engine.announce(arrivals, []);
    }
    return { writes, lagP50Ms: quantile(lags, 0.5), lagP99Ms: quantile(lags, 0.99) };
  },
  leave: () => engine.leave(),
});
