import type { LoadProcess } from "../load_process.ts";
import { median, quantile } from "../numbers.ts";
import type { Usage } from "../usage.ts";
import { HERE, hostnameAt, type Tunnel } from "./tunnel.ts";

const GIGABYTE = 1e9;

/** A page with its style and no pictures, bytes. */
const PAGE_BYTES = 4 * 1024;

/** Visitors at once, of those before that count. */
const AT_ONCE = 8;

/** Visitors who come at once while one downloads. */
const CROWD = 100;

/** How long a client may take to be back once its relay is. */
const RETURN_MS = 60_000;

/**
 * Visits before those that count, some at once: a relay runs for weeks, and its compilers for seconds. Visits one after
 * another, bytes of streams, and of the download beside a crowd; visitors who stay.
 */
export const SIZES = {
  full: {
    warmUp: 2_000,
    visits: 300,
    streamBytes: 2 * GIGABYTE,
    downloadBytes: 2 * GIGABYTE,
    idle: 200,
  },
  quick: {
    warmUp: 200,
    visits: 40,
    streamBytes: GIGABYTE / 4,
    downloadBytes: GIGABYTE / 2,
    idle: 50,
  },
} as const;

/** What one round found. */
export interface Measured {
  firstP50Ms: number;
  pageP50Ms: number;
  pageP99Ms: number;
  relayCpuMsEach: number;
  clientCpuMsEach: number;
  gbps1: number;
  relayCpuSecondsPerGb1: number;
  clientCpuSecondsPerGb1: number;
  gbps8: number;
  relayCpuSecondsPerGb8: number;
  crowdP50Ms: number;
  crowdP99Ms: number;
  /** Of a visitor who stays. */
  relayKbEach: number;
  clientKbEach: number;
  /** Of the whole client, without visitors. */
  clientMb: number;
  /** From the end of the relay to a visit that does well; Infinity where the client never comes back. */
  returnS: number;
}

/** Processes that the load comes from. */
export interface Load {
  streams: LoadProcess;
  visits: LoadProcess;
}

/** Measures a tunnel once. */
export async function measure(
  tunnel: Tunnel,
  load: Load,
  sizes: typeof SIZES.full | typeof SIZES.quick,
): Promise<Measured> {
  const place = { port: tunnel.port, hostname: hostnameAt(HERE), bytes: PAGE_BYTES };
  await load.visits.call("until", { ...place, withinMs: RETURN_MS });

  async function visits(
    count: number,
    atOnce: number,
  ): Promise<{ first: number[]; whole: number[] }> {
    return await load.visits.call("visits", { ...place, count, atOnce });
  }
  const share = tunnel.isSlow ? 0.1 : 1;
  const streamBytes = sizes.streamBytes * share;
  const gigabytes = streamBytes / GIGABYTE;
  function stream(streams: number, bytes: number): Promise<{ seconds: number }> {
    const order = { kind: "down", bytes: Math.round(bytes / streams) };
    return load.streams.call("run", {
      port: tunnel.port,
      hostname: hostnameAt(HERE),
      streams,
      order,
    });
  }

  async function comeBack(): Promise<number> {
    const began = performance.now();
    await tunnel.restartRelay();
    await load.visits.call("until", { ...place, withinMs: RETURN_MS });
    return (performance.now() - began) / 1000;
  }

  await visits(sizes.warmUp, AT_ONCE);
  const pages = await spent(tunnel, () => visits(sizes.visits, 1));
  const one = await spent(tunnel, () => stream(1, streamBytes));
  const eight = await spent(tunnel, () => stream(8, streamBytes));
  const download = stream(1, sizes.downloadBytes * share);
  const crowd = await visits(CROWD, CROWD);
  await download;
  const idle = await spent(tunnel, () => load.visits.call("hold", { ...place, count: sizes.idle }));
  await load.visits.call("release");
  const clientMb = tunnel.clientUsage().rssBytes / 1e6;
  const returnS = tunnel.comesBack ? await comeBack() : Infinity;
  return {
    firstP50Ms: median(pages.result.first),
    pageP50Ms: median(pages.result.whole),
    pageP99Ms: quantile(pages.result.whole, 0.99),
    relayCpuMsEach: pages.relay.cpuSeconds * 1000 / sizes.visits,
    clientCpuMsEach: pages.client.cpuSeconds * 1000 / sizes.visits,
    gbps1: gigabytes * 8 / one.result.seconds,
    relayCpuSecondsPerGb1: one.relay.cpuSeconds / gigabytes,
    clientCpuSecondsPerGb1: one.client.cpuSeconds / gigabytes,
    gbps8: gigabytes * 8 / eight.result.seconds,
    relayCpuSecondsPerGb8: eight.relay.cpuSeconds / gigabytes,
    crowdP50Ms: median(crowd.whole),
    crowdP99Ms: quantile(crowd.whole, 0.99),
    relayKbEach: idle.relay.rssBytes / sizes.idle / 1000,
    clientKbEach: idle.client.rssBytes / sizes.idle / 1000,
    clientMb,
    returnS,
  };
}

/** Does something, and tells how much more both ends have used afterwards. */
async function spent<Result>(
  tunnel: Tunnel,
  act: () => Promise<Result>,
): Promise<{ result: Result; relay: Usage; client: Usage }> {
  const before = [tunnel.relayUsage(), tunnel.clientUsage()] as const;
  const result = await act();
  return {
    result,
    relay: more(before[0], tunnel.relayUsage()),
    client: more(before[1], tunnel.clientUsage()),
  };
}

function more(before: Usage, after: Usage): Usage {
  return {
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    kernelSeconds: after.kernelSeconds - before.kernelSeconds,
    rssBytes: after.rssBytes - before.rssBytes,
    descriptors: after.descriptors - before.descriptors,
  };
}
