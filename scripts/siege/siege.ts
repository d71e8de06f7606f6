import { fileURLToPath } from "node:url";
import { sleep } from "../../lib/net/pause.ts";
import { startRelay } from "../../tests/stories/relay.ts";
import { connectControl, serveUser, signUp } from "../../tests/stories/user.ts";
import { behindProxy } from "../../tests/stories/hub_visitor.ts";
import { type Usage, usageOf } from "../bench/usage.ts";
import { LineLog } from "../line_log.ts";
import type { HostilePlan } from "./hostile.ts";
import { sendVisitors, type Visits } from "./visitors.ts";

/** How long the relay may take to give back what the siege took. */
const RECOVERY_MS = 60_000;

/** Resident memory above which it was not given back: some of what V8 took it keeps. */
const KEPT_BYTES = 32 * 1024 * 1024;

/** How long the hostile peers may take to be in place. */
const PLACING_MS = 10 * 60_000;

const PAGE = "the page of a user at home";

/** How a siege is laid. */
export interface SiegePlan extends Omit<HostilePlan, "port"> {
  /** Good visitors who come meanwhile; half as many come before, for comparison. */
  visitors: number;
  /** Settings of the relay, without their prefix. */
  settings?: Record<string, string>;
  /** Told what happens. */
  onProgress?: (text: string) => void;
}

/** What came of a siege. */
export interface SiegeReport {
  before: Visits;
  during: Visits;
  usage: { before: Usage; peak: Usage; after: Usage };
  /** Seconds until descriptors and memory were back, or undefined when they did not come back. */
  recoveredAfterS: number | undefined;
  /** Log lines of the relay that are errors. */
  errors: string[];
}

/** Starts a relay and a client, besieges the relay, and tells how good visitors fared. */
export async function siege(plan: SiegePlan): Promise<SiegeReport> {
  const { seconds, visitors, addresses, onProgress = () => {} } = plan;
  const proxied = addresses > 0;
  await using relay = await startRelay({
    settings: {
      LOG_LEVEL: "info",
      ...(proxied && { PROXY_PROTOCOL_FROM: "127.0.0.1" }),
      ...plan.settings,
    },
  });
  using clients = proxied ? behindProxy(relay) : undefined;
  const reached = clients?.relay ?? relay;
  const user = await signUp(reached, "kaylee");
  await using _server = await serveUser(reached, user, () => new Response(PAGE));
  // Somebody else is online too, and stays so.
  await using other = await connectControl(reached, await signUp(reached, "simon"));
  const visit = (count: number, over: number): Promise<Visits> =>
    sendVisitors({ relay, hostname: user.hostname, body: PAGE, count, seconds: over, proxied });
  const usage = (): Usage => usageOf([relay.pid]);

  /** Lets hostile peers loose while something else is done. */
  async function besieged<T>(work: () => Promise<T>): Promise<T> {
    const hostile = await startHostile({ ...plan, port: relay.ports.hub! });
    try {
      return await work();
    } finally {
      onProgress(`hostile peers: ${await hostile.end()}`);
    }
  }

  // A first siege, for the memory that a relay needs at its first is none that it loses.
  onProgress("first siege, to warm up");
  await besieged(() => visit(Math.ceil(visitors / 4), Math.max(2, seconds / 4)));
  await sleep(7_000);
  onProgress("visitors in peace");
  const before = await visit(Math.ceil(visitors / 2), seconds / 2);
  await sleep(1_000);
  const atFirst = usage();

  onProgress("siege");
  const peak = { ...atFirst };
  const watching = setInterval(() => {
    const now = usage();
    peak.rssBytes = Math.max(peak.rssBytes, now.rssBytes);
    peak.descriptors = Math.max(peak.descriptors, now.descriptors);
  }, 250);
  const during = await besieged(() => visit(visitors, seconds));
  clearInterval(watching);
  peak.cpuSeconds = usage().cpuSeconds - atFirst.cpuSeconds;

  onProgress("waiting for the relay to give back what it took");
  const ended = performance.now();
  let after = usage();
  const isBack = (): boolean =>
    after.descriptors <= atFirst.descriptors && after.rssBytes <= atFirst.rssBytes + KEPT_BYTES;
  while (!isBack() && performance.now() - ended < RECOVERY_MS) {
    await sleep(250);
    after = usage();
  }
  if (other.socket.readyState !== WebSocket.OPEN) during.failures.push("a client was cut off");
  return {
    before,
    during,
    usage: { before: atFirst, peak, after },
    recoveredAfterS: isBack() ? (performance.now() - ended) / 1000 : undefined,
    errors: relay.lines.filter((line) => line.level === "error").map((line) =>
      JSON.stringify(line)
    ),
  };
}

/**
 * Starts the hostile peers and waits until they are in place.
 *
 * `end` sends them away and tells what they did; it throws if they had gone before.
 */
export async function startHostile(plan: HostilePlan): Promise<{ end(): Promise<string> }> {
  const { port, slow, silent, resets, seconds, addresses } = plan;
  const own: HostilePlan = { port, slow, silent, resets, seconds, addresses };
  const script = fileURLToPath(new URL("./hostile.ts", import.meta.url));
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", script, JSON.stringify(own)],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const log = new LineLog([process.stdout], String);

  async function end(): Promise<string> {
    await process.stdin.close().catch(() => {}); // gone already
    const { success } = await process.status;
    await log.ended;
    if (!success) throw new Error("The hostile peers ended by themselves");
    return log.lines.at(-1)!;
  }

  await log.first((line) => line === "in place", '"in place"', PLACING_MS);
  return { end };
}
