import { type Bench, type Check, expect, watch } from "../check.ts";

/** How long nobody must come back, milliseconds. */
const GONE_MS = 5_000;

/** Has the relay end the session for good, and watches that nobody comes back. */
async function staysAway(bench: Bench, end: () => Promise<void>, most = 0): Promise<void> {
  const { relay, running } = bench;
  await relay.ready(0);
  const before = relay.attempts.length;
  await end();
  await Promise.race([running!.ended, watch(GONE_MS)]);
  const tries = relay.attempts.length - before;
  expect(tries <= most, `it came back ${tries} times`);
}

function goodbye(reason: string, code: number): (bench: Bench) => Promise<void> {
  return (bench) =>
    staysAway(bench, async () => {
      bench.relay.send({ type: "goodbye", reason, retryAfterMs: null });
      await bench.relay.close(code);
    });
}

const codeAlone = (code: number) => (bench: Bench): Promise<void> =>
  staysAway(bench, () => bench.relay.close(code));

function ending(name: string, what: string, run: Check["run"]): Check {
  return { name, section: 2, needs: "start", what, run };
}

/** Section 2: what ends a client. */
export const ENDINGS: Check[] = [
  ending("replaced", "stays away when another session took over", goodbye("replaced", 4409)),
  ending("revoked", "stays away when its token holds no more", goodbye("revoked", 4401)),
  ending("goodbye-null", "stays away when `retryAfterMs` is null", goodbye("protocol", 4400)),
  ending("code-4409", "understands the close code alone: another session", codeAlone(4409)),
  ending("code-4401", "understands the close code alone: revoked", codeAlone(4401)),
  ending("unauthorized", "does not try again and again with a token that is refused", (bench) => {
    return staysAway(bench, async () => {
      bench.relay.api.token = crypto.randomUUID();
      await bench.relay.close(1012);
      await bench.relay.changes.until(
        () => bench.relay.attempts.at(-1)?.authorized === false,
        45_000,
        "a try",
      );
    }, 2);
  }),
];
