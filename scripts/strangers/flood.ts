import { sleep } from "../../lib/net/pause.ts";
import { startGlossond, usernameOf } from "../bench/glossond.ts";
import { LoadProcess } from "../bench/load_process.ts";
import { BASE } from "../../tests/stories/relay.ts";
import { behindProxy } from "../../tests/stories/hub_visitor.ts";
import { usageOf } from "../bench/usage.ts";
import type { Flood } from "./hostile.ts";

/** Visits before those that count. */
const WARM_UP = { perSecond: 200, seconds: 5 } as const;

/** How long a flood has been going on when visits begin, milliseconds. */
const RISE_MS = 3_000;

/** Connections that the user's client keeps parked. */
const POOL = 64;

/** How strangers and honest visitors come. */
export interface FloodPlan {
  /** Requests of the API from one address, a second. */
  requests: number;
  /** New TLS connections from another address, a second. */
  handshakes: number;
  /** Honest visits a second, each from an address of its own. */
  visits: number;
  /** How long each part lasts. */
  seconds: number;
  /** Settings of the relay, without their prefix. */
  settings?: Record<string, string>;
  /** Told what happens. */
  onProgress?: (text: string) => void;
}

/** How visits went: milliseconds from when they were due to the page. */
export interface Visits {
  p50: number;
  p99: number;
  errors: number;
  /** Share of a processor that the relay took. */
  cpu: number;
}

/** What came of a flood. */
export interface FloodReport {
  quiet: Visits;
  flooded: Visits;
  /** The same without strangers again: what else the machine does changes. */
  quietAgain: Visits;
  /** What the strangers did and got. */
  strangers: Record<string, unknown>;
}

/** Lets honest visitors load a parked page without strangers, beside strangers, and without again. */
export async function flood(plan: FloodPlan): Promise<FloodReport> {
  const { requests, handshakes, visits, seconds, onProgress = () => {} } = plan;
  await using glossond = await startGlossond({
    users: 1,
    settings: { PROXY_PROTOCOL_FROM: "127.0.0.1", ...plan.settings },
  });
  const { relay } = glossond;
  using front = behindProxy(relay);
  await using client = new LoadProcess("flights.ts");
  await using visitor = new LoadProcess("flights.ts");
  await client.call("online", {
    ...glossond.membership(0, POOL),
    controlPort: front.relay.ports.control,
  });
  const hostnames = [`${usernameOf(0)}.${BASE}`];
  const way = { port: relay.ports.hub!, hostnames, proxied: true };

  async function measure(what: string): Promise<Visits> {
    onProgress(what);
    const before = usageOf([relay.pid]).cpuSeconds;
    const result = await visitor.call<Omit<Visits, "cpu">>("rate", {
      ...way,
      perSecond: visits,
      seconds,
    });
    return { ...result, cpu: (usageOf([relay.pid]).cpuSeconds - before) / seconds };
  }

  await visitor.call("rate", { ...way, ...WARM_UP });
  const quiet = await measure("quiet");
  const strangers: Record<string, unknown> = {};
  let flooded: Visits;
  {
    const common = { hostname: `relay.${BASE}`, ca: relay.ca };
    await using asking = new LoadProcess("../../strangers/hostile.ts");
    await using shaking = new LoadProcess("../../strangers/hostile.ts");
    const ask: Flood = {
      ...common,
      port: relay.ports.control!,
      address: "203.0.113.1",
      perSecond: requests,
    };
    const shake: Flood = {
      ...common,
      port: relay.ports.hub!,
      address: "203.0.113.2",
      perSecond: handshakes,
    };
    if (requests > 0) await asking.call("requests", ask);
    if (handshakes > 0) await shaking.call("handshakes", shake);
    await sleep(RISE_MS);
    flooded = await measure("with strangers");
    strangers.requests = await asking.call("stop");
    strangers.handshakes = await shaking.call("stop");
  }
  return { quiet, flooded, quietAgain: await measure("quiet again"), strangers };
}
