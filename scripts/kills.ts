/** Kills relays at random moments, and looks for what they acknowledged; see `--help`. */

// deno-lint-ignore-file no-console -- a script tells its terminal
import { sleep } from "../lib/net/pause.ts";
import { startRelay } from "../tests/stories/relay.ts";
import { apiOf } from "../tests/stories/user.ts";
import { readCommandLine, wholeNumber } from "./command_line.ts";
import { Random } from "./fuzz/random.ts";
import { Life, type Running } from "./kills/life.ts";

const HELP = `Kills relays at random moments, and looks for what they acknowledged.

Usage: deno run -A scripts/kills.ts [--count N] [--users N] [--seed N] [--json]

While users claim names, replace tokens, change preferences and order certificates, and the operator
blocks and unblocks them, the relay is sent SIGKILL and started again on its state. Each token, block,
preference, order and certificate that was acknowledged must be there.

  --count N  kills (500)
  --users N  users who act at once (6)
  --seed N   of the moments and acts (the time)
  --json     the result as JSON on standard output

Exit: 0 all was there, 1 something was lost, 2 the command line is wrong.
`;

/** The relay is killed within so many milliseconds; on a machine where users act less often than once, in more. */
let longestMs = 1_500;

/** No limit is to keep users from acting. */
const SETTINGS = {
  LOG_LEVEL: "info",
  CLAIMS_PER_HOUR: "10000",
  VERIFICATIONS_PER_CLAIM: "100",
  CERTIFICATES_PER_DAY: "1000",
};

const { values } = readCommandLine(HELP, {
  options: {
    count: { type: "string", default: "500" },
    users: { type: "string", default: "6" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    json: { type: "boolean", default: false },
  },
});
const [count, users, seed] = [
  wholeNumber("count", values.count),
  wholeNumber("users", values.users),
  wholeNumber("seed", values.seed),
];
const random = new Random(seed, 0);
const dir = await Deno.makeTempDir({ prefix: "glossond-kills-" });
const lives = Array.from({ length: users }, (_, i) => new Life(`life-${i}x`, random));
const lost: string[] = [];
let acts = 0;

/** Lets a user act until the relay is killed. */
async function live(life: Life, running: Running, killed: () => boolean): Promise<void> {
  while (!killed()) {
    try {
      await life.act(running);
      acts++;
    } catch (error) {
      // By the time that it is heard of, the relay may have been killed.
      await sleep(50);
      if (!killed()) lost.push((error as Error).message);
    }
  }
}

try {
  for (let round = 0; round <= count; round++) {
    // Not disposed of, since its folder is the next one's.
    const relay = await startRelay({ dir, settings: SETTINGS });
    const api = apiOf(relay);
    using _client = api.client;
    const running = { relay, api };
    for (const life of lives) lost.push(...await life.check(running));
    if (round === count) {
      await relay.stop();
      break;
    }
    let isKilled = false;
    const living = lives.map((life) => live(life, running, () => isKilled));
    await sleep(random.below(longestMs));
    isKilled = true;
    await relay.stop("SIGKILL");
    await Promise.all(living);
    // A kill before anything is acknowledged tells nothing.
    if (acts < (round + 1) * users / 2) longestMs *= 2;
    if (round % 10 === 9) {
      console.error(`${round + 1} of ${count} kills, ${acts} acts, ${lost.length} lost`);
    }
  }
} finally {
  await Deno.remove(dir, { recursive: true });
}
const result = { kills: count, acts, seed, lost };
console.log(
  values.json
    ? JSON.stringify(result)
    : `${count} kills, ${acts} acknowledged acts, seed ${seed}: ${
      lost.length === 0 ? "nothing lost" : `LOST:\n${lost.join("\n")}`
    }`,
);
Deno.exit(lost.length === 0 ? 0 : 1);
