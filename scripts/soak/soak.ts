import { sleep } from "../../lib/net/pause.ts";
import { BASE, type Relay, startRelay } from "../../tests/stories/relay.ts";
import { startGlossond, usernameOf } from "../bench/glossond.ts";
import { LoadProcess } from "../bench/load_process.ts";
import { Crowd } from "../crowd.ts";
import { Random } from "../fuzz/random.ts";
import { startHostile } from "../siege/siege.ts";
import { Acts } from "./acts.ts";
import { type Figure, Gauge, type Plant } from "./gauge.ts";
import type { Leg } from "./legs.ts";

/** Pause between two samples, milliseconds; a short soak takes them faster. */
const SAMPLE_MS = 2_000;

/** Samples of a process at least: the verdict's points. */
const LEAST_SAMPLES = 48;

/** Connections that each client keeps parked. */
const POOL = 2;

/** How long streams are open, milliseconds; those of a hand-over are the old relay's by then. */
const STREAM_MS = 10_000;

/** Peers who mean no good: at a byte a second, silent, and resets a second. */
const HOSTILE = { slow: 20, silent: 20, resetsPerSecond: 5 } as const;

/** Users who come and go: so many a second, each for so long. */
const GOING = { perSecond: 2, stayMs: 5_000 } as const;

/** An old relay has these seconds for what it has left: longer than a stream lasts. */
const DRAIN_SECONDS = 15;

/** The share of the time in which relays take each other's place: the last one is watched for the rest. */
const HANDING_OVER = 0.4;

const SETTINGS = {
  DRAIN_SECONDS: `${DRAIN_SECONDS}`,
  LOG_LEVEL: "info",
  // Nothing is to keep users from acting.
  CLAIMS_PER_HOUR: "1000000",
  VERIFICATIONS_PER_CLAIM: "100",
  CERTIFICATES_PER_DAY: "10000",
};

/** How it goes. */
export interface Progress {
  atS: number;
  ofS: number;
  visits: number;
  /** What went wrong by now, and how often. */
  failures: Record<string, number>;
  acts: number;
  handOvers: number;
  figures: Record<Figure, number>;
}

/** What a soak is made of. */
export interface SoakPlan {
  seconds: number;
  seed: number;
  /** Users who stay online; a quarter as many come and go. */
  clients: number;
  /** Visits a second. */
  perSecond: number;
  streams: number;
  handOvers: number;
  plant: Plant | undefined;
  onProgress: (progress: Progress) => void;
  /** Told once a minute what would come of it if it ended then. */
  onMinute: (leg: Leg) => void;
}

/** A relay, those that came before it, and all who live with them. */
interface World {
  /** The newest last. */
  relays: Relay[];
  gauge: Gauge;
  crowd: Crowd;
  acts: Acts;
  /** Has users come and go for so many seconds. */
  comeAndGo: (seconds: number) => Promise<void>;
  /** Starts the next relay, which takes the place of the newest. */
  handOver: () => Promise<void>;
}

/** How often a user came online and went again, and how often one could not come. */
interface Goers {
  came: number;
  refused: number;
}

/** Counts them; those whom a relay refused that leaves its place are few beside the others. */
export function noteGoers(
  { came, refused }: Goers,
  acts: Pick<Acts, "did">,
  crowd: Pick<Crowd, "note">,
): void {
  acts.did("users came and went", came);
  acts.did("users could not come", refused);
  if (refused >= came) crowd.note("users could not come", refused);
}

/** Lets a relay live, with others after it, and tells what was seen of them and what went wrong. */
export async function soak(plan: SoakPlan): Promise<Leg> {
  const { seconds } = plan;
  await using stack = new AsyncDisposableStack();
  const world = await settle(plan, stack);
  const { relays, acts } = world;
  const hostile = await startHostile({
    ...{ port: relays[0]!.ports.hub!, addresses: 0, seconds },
    ...{ slow: HOSTILE.slow, silent: HOSTILE.silent },
    resets: Math.round(HOSTILE.resetsPerSecond * seconds),
  });
  await live(world, plan);
  await hostile.end();
  await acts.check();
  await Promise.all(relays.slice(0, -1).map(({ readerGone }) => readerGone));
  return legOf(world, plan, seconds);
}

/** What came of a world so far. */
function legOf({ relays, gauge, crowd, acts }: World, { seed }: SoakPlan, seconds: number): Leg {
  const failures = Object.fromEntries(crowd.failures);
  for (const { lines } of relays) {
    for (const { level, message } of lines) {
      const why = `logged: ${message}`;
      if (level === "error") failures[why] = (failures[why] ?? 0) + 1;
    }
  }
  return {
    ...{ seconds, seed, visits: crowd.visits, slowestMs: crowd.slowestMs },
    acts: { ...acts.counts, "hand-overs": relays.length - 1 },
    ...{ failures, watched: gauge.watched },
  };
}

/** Starts the relay and has users come online; all ends with the stack. */
async function settle(
  { seed, clients, plant }: SoakPlan,
  stack: AsyncDisposableStack,
): Promise<World> {
  const folder = await Deno.makeTempDir({ prefix: "glossond-soak-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const gauge = new Gauge(folder);
  const options = { settings: SETTINGS, ...gauge.relayOptions(plant) };
  const going = Math.ceil(clients / 4);
  const glossond = stack.use(await startGlossond({ users: clients + going, ...options }));
  const relays = [glossond.relay];
  const { dir, ports } = glossond.relay;
  const hostnames = Array.from({ length: clients }, (_, i) => `${usernameOf(i)}.${BASE}`);
  const crowd = stack.use(new Crowd({ port: ports.hub!, hostnames }));
  await crowd.comeOnline(hostnames.map((_, i) => glossond.membership(i, POOL)));
  const acts = stack.use(await Acts.begin(glossond.relay, new Random(seed, 0), crowd));
  const goers = stack.use(new LoadProcess("clients.ts"));
  return {
    ...{ relays, gauge, crowd, acts },
    async comeAndGo(seconds) {
      const memberships = Array.from(
        { length: going },
        (_, i) => glossond.membership(clients + i, POOL),
      );
      const call = { ...GOING, memberships, seconds };
      noteGoers(await goers.call<Goers>("comeAndGo", call), acts, crowd);
    },
    async handOver() {
      const relay = await acts.goOnWith(startRelay({ dir, takeover: true, ...options }));
      stack.defer(() => relay.stop().then(() => {}));
      relays.push(relay);
    },
  };
}

/** Has everything happen for as long as is planned. */
async function live(world: World, plan: SoakPlan): Promise<void> {
  const { relays, gauge, crowd, acts } = world;
  const { seconds, perSecond, streams, handOvers } = plan;
  const beganAt = performance.now();
  const atS = (): number => (performance.now() - beganAt) / 1000;
  const over = new AbortController();

  async function takeSamples(): Promise<void> {
    const everyMs = Math.min(SAMPLE_MS, seconds * 1000 / LEAST_SAMPLES);
    let relay: Relay | undefined;
    while (!over.signal.aborted) {
      if (relay !== relays.at(-1)) gauge.nextEra(atS());
      relay = relays.at(-1)!;
      const figures = await gauge.sample(relay, atS());
      if (figures !== undefined) {
        plan.onProgress({
          ...{ atS: atS(), ofS: seconds, visits: crowd.visits },
          failures: Object.fromEntries(crowd.failures),
          ...{ acts: acts.count, handOvers: relays.length - 1, figures },
        });
      }
      await sleep(everyMs, over.signal);
    }
  }

  async function tellMinutes(): Promise<void> {
    while (!over.signal.aborted) {
      await sleep(60_000, over.signal);
      plan.onMinute(legOf(world, plan, atS()));
    }
  }

  async function useStreams(): Promise<void> {
    while (!over.signal.aborted) {
      await crowd.openStreams(streams);
      await sleep(STREAM_MS, over.signal);
      await crowd.useStreams();
    }
  }

  async function handOver(): Promise<void> {
    for (let i = 1; i <= handOvers; i++) {
      await sleep(i * seconds * HANDING_OVER * 1000 / handOvers - atS() * 1000, over.signal);
      await world.handOver();
    }
  }

  crowd.beginVisits(perSecond);
  const goingS = Math.max(1, Math.floor(seconds - GOING.stayMs / 1000));
  const lives = Promise.all([
    ...[takeSamples(), tellMinutes(), useStreams(), handOver(), acts.live(over.signal)],
    world.comeAndGo(goingS),
  ]);
  try {
    // Samples are taken to the end, so that only a failure comes before it.
    await Promise.race([sleep(seconds * 1000), lives]);
  } finally {
    over.abort();
  }
  await crowd.endVisits();
  await lives;
}
