import type { Bench } from "./bench.ts";
import { LoadProcess } from "./load_process.ts";
import { type Namespaces, openNamespaces } from "./namespaces.ts";
import { median, quantile } from "./numbers.ts";
import { TUNNELS } from "./tunnels/peers.ts";
import {
  hostnameAt,
  startOwn,
  startTunnel,
  type Tunnel,
  type TunnelPlace,
} from "./tunnels/tunnel.ts";

/** A page with its style and no pictures, bytes. */
const PAGE_BYTES = 4 * 1024;

/** Share of the packets that a bad link loses. */
const LOSS = 0.01;

/** Visits one after another, and of a few at once while somebody downloads. */
const SIZES = {
  full: { visits: 40, beside: 200, downloadBytes: 4e6 },
  quick: { visits: 10, beside: 40, downloadBytes: 1e6 },
} as const;
const AT_ONCE = 4;

/** How long a client may take to be there, milliseconds. */
const ONLINE_MS = 60_000;

/** A name that no machine takes for itself. */
const BASE_DOMAIN = "glosson.test";

/** Tunnels whose client has a link of 40 ms, which loses packets or does not; visitors are beside the relay. */
export async function tunnelLinks(bench: Bench): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const relayName = `relay.${BASE_DOMAIN}`;
  let network: Namespaces<"relay" | "client">;
  try {
    network = stack.use(await openNamespaces(["relay", "client"], { [relayName]: "relay" }));
  } catch (error) {
    return bench.tell(`tunnel-links: skipped, ${(error as Error).message}`);
  }
  const { relay, client } = network.places;
  const place: TunnelPlace = {
    host: relay.address,
    relayName,
    baseDomain: BASE_DOMAIN,
    atRelay: ["ip", "netns", "exec", relay.namespace],
    atClient: ["ip", "netns", "exec", client.namespace],
  };
  const origin = stack.use(new LoadProcess("visits.ts", { namespace: client.namespace }));
  const { port } = await origin.call<{ port: number }>("listen");
  const visitors = stack.use(new LoadProcess("visits.ts", { namespace: relay.namespace }));
  const downloader = stack.use(new LoadProcess("visits.ts", { namespace: relay.namespace }));
  const sizes = bench.quick ? SIZES.quick : SIZES.full;

  async function measure(tunnel: Tunnel, kind: string): Promise<void> {
    bench.tell(`tunnel-links, ${kind}: ${tunnel.name}`);
    const way = { port: tunnel.port, hostname: hostnameAt(place) };
    const page = { ...way, bytes: PAGE_BYTES };
    const visits = (count: number, atOnce: number): Promise<{ whole: number[] }> =>
      visitors.call("visits", { ...page, count, atOnce });
    const alone = await visits(sizes.visits, 1);
    const download = downloader.call<{ whole: number[] }>("visits", {
      ...{ ...way, bytes: sizes.downloadBytes, count: 1, atOnce: 1, limitMs: ONLINE_MS },
    });
    const beside = await visits(sizes.beside, AT_ONCE);
    const { whole: [downloadMs = NaN] } = await download;
    bench.add({
      section: "tunnel-links",
      target: tunnel.name,
      case: kind,
      values: {
        pageP50Ms: median(alone.whole),
        pageP99Ms: quantile(alone.whole, 0.99),
        besideP50Ms: median(beside.whole),
        besideP99Ms: quantile(beside.whole, 0.99),
        downloadMbps: sizes.downloadBytes * 8 / 1e3 / downloadMs,
      },
    });
  }

  const dir = await Deno.makeTempDir({ prefix: "glossond-bench-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const starts: [name: string, start: (dir: string) => Promise<Tunnel>][] = [
    ["glossond", (dir) => startOwn(port, dir, place)],
    ...TUNNELS.filter(({ name }) => bench.wants(name)).map((peer): typeof starts[number] => [
      peer.name,
      (dir) => startTunnel(peer, port, dir, place),
    ]),
  ];
  for (const [i, [name, start]] of starts.entries()) {
    await network.lose(0);
    await Deno.mkdir(`${dir}/${i}`);
    await bench.mayFail(name, async () => {
      await using tunnel = await start(`${dir}/${i}`);
      const way = { port: tunnel.port, hostname: hostnameAt(place), bytes: PAGE_BYTES };
      await visitors.call("until", { ...way, withinMs: ONLINE_MS });
      await measure(tunnel, "40 ms to the client");
      await network.lose(LOSS);
      await measure(tunnel, `40 ms and ${LOSS * 100} % lost`);
    });
  }
}
