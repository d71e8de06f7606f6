import { type Bench, type Check, expect, watch, within } from "../check.ts";

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

/** Has the relay say goodbye for good. */
function says(reason: string, code: number): ({ relay }: Bench) => Promise<void> {
  return async ({ relay }) => {
    relay.send({ type: "goodbye", reason, retryAfterMs: null });
    await relay.close(code);
  };
}

function goodbye(reason: string, code: number): (bench: Bench) => Promise<void> {
  return (bench) => staysAway(bench, () => says(reason, code)(bench));
}

const codeAlone = (code: number) => (bench: Bench): Promise<void> =>
  staysAway(bench, () => bench.relay.close(code));

/** How long a client may take to end, milliseconds. */
const END_MS = 20_000;

/** What ends a client, and its exit code then. */
const EXITS: [code: number, what: string, end: (bench: Bench) => Promise<void>][] = [
  [3, "a goodbye `replaced`", says("replaced", 4409)],
  [4, "a goodbye `revoked`", says("revoked", 4401)],
  [5, "the name was blocked", async (bench) => {
    bench.relay.api.suspended = true;
    await says("revoked", 4401)(bench);
  }],
  [6, "a goodbye `protocol`", says("protocol", 4400)],
];

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
  {
    name: "exit-codes",
    section: 2,
    optional: true,
    needs: "start",
    what: "ends, and tells by its exit code why: 3 replaced, 4 revoked, 5 blocked, 6 sent away",
    async run(bench) {
      for (const [exitCode, what, end] of EXITS) {
        bench.relay.reset();
        bench.running ??= bench.client.run(bench.app.url);
        await bench.relay.ready(0);
        await end(bench);
        const code = await within(END_MS, `its end after ${what}`, bench.running.ended);
        expect(code === exitCode, `after ${what} it ended with ${code}, not ${exitCode}`);
        bench.running = undefined;
      }
    },
  },
];
