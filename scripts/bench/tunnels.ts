import type { Bench } from "./bench.ts";
import { LoadProcess } from "./load_process.ts";
import { median, quantile } from "./numbers.ts";
import { NO_TUNNELS, TUNNELS } from "./tunnels/peers.ts";
import { measure, type Measured, SIZES } from "./tunnels/measure.ts";
import { HERE, startBare, startOwn, startTunnel, type Tunnel } from "./tunnels/tunnel.ts";

/** Rounds that are added, at most so often as many again, while ratios are further apart than this. */
const MOST_SPREAD = 1.3;
const MOST_REPEATS = 2;

/** What is judged: ours by theirs. */
const JUDGED = [
  ...["firstP50Ms", "pageP50Ms", "pageP99Ms", "gbps1", "gbps8", "relayCpuSecondsPerGb1"],
  ...["crowdP50Ms", "crowdP99Ms", "returnS"],
] as const satisfies readonly (keyof Measured)[];

/** Ours beside other tunnels: relay, client and origin of each, the same load in turns. */
export async function tunnels(bench: Bench): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const dir = await Deno.makeTempDir({ prefix: "glossond-bench-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const origin = stack.use(new LoadProcess("visits.ts"));
  const load = {
    streams: stack.use(new LoadProcess("bulk.ts")),
    visits: stack.use(new LoadProcess("visits.ts")),
  };
  const { port } = await origin.call<{ port: number }>("listen");
  for (const [name, why] of Object.entries(NO_TUNNELS)) bench.tell(`left out: ${name}, ${why}`);
  const own = stack.use(await startOwn(port, dir, HERE));
  const bare = stack.use(await startBare(port));
  const others: Tunnel[] = [];
  for (const [i, peer] of TUNNELS.entries()) {
    if (!bench.wants(peer.name)) continue;
    bench.tell(`tunnels: ${peer.name} ${peer.programs.version}`);
    await Deno.mkdir(`${dir}/${i}`);
    await bench.mayFail(peer.name, async () => {
      others.push(stack.use(await startTunnel(peer, port, `${dir}/${i}`, HERE)));
    });
  }
  const found = new Map<Tunnel, Measured[]>([own, bare, ...others].map((tunnel) => [tunnel, []]));
  const sizes = bench.quick ? SIZES.quick : SIZES.full;
  for (let repeat = 0; repeat <= MOST_REPEATS; repeat++) {
    for (let round = 1; round <= bench.rounds; round++) {
      for (const tunnel of [...found.keys()]) {
        bench.tell(`tunnels, round ${round}: ${tunnel.name}`);
        const fine = await bench.mayFail(tunnel.name, async () => {
          found.get(tunnel)!.push(await measure(tunnel, load, sizes));
        });
        if (!fine) found.delete(tunnel);
      }
    }
    const wide = spreads(found, own);
    if (wide.length === 0) break;
    const again = repeat < MOST_REPEATS ? "; these rounds are repeated" : "";
    bench.tell(`tunnels: ratios more than ${MOST_SPREAD} apart: ${wide.join(", ")}${again}`);
  }
  report(bench, found, { own, bare });
}

/** Ours by another's, a round. */
function ratios(found: Map<Tunnel, Measured[]>, own: Tunnel, other: Tunnel, name: keyof Measured) {
  return found.get(other)!.map((theirs, i) => found.get(own)![i]![name] / theirs[name])
    .filter(Number.isFinite);
}

/** What is further apart from round to round than it may be. */
function spreads(found: Map<Tunnel, Measured[]>, own: Tunnel): string[] {
  return [...found.keys()].filter((tunnel) => tunnel !== own).flatMap((other) =>
    JUDGED.filter((name) => {
      const all = ratios(found, own, other, name);
      return quantile(all, 0.75) / quantile(all, 0.25) > MOST_SPREAD;
    }).map((name) => `${name} to ${other.name}`)
  );
}

function report(
  bench: Bench,
  found: Map<Tunnel, Measured[]>,
  { own, bare }: { own: Tunnel; bare: Tunnel },
): void {
  for (const [tunnel, rounds] of found) {
    const names = Object.keys(rounds[0]!) as (keyof Measured)[];
    bench.add({
      section: "tunnels",
      target: tunnel.name,
      case: "median",
      values: Object.fromEntries(names.map((name) => [name, median(rounds.map((r) => r[name]))])),
    });
  }
  for (const other of found.keys()) {
    if (other === own) continue;
    bench.add({
      // What the runtime alone takes is shown; a tunnel is more than that, and ours is judged by tunnels.
      section: other === bare ? "tunnels, ours by bare loops" : "tunnels, ours by theirs",
      target: other.name,
      case: "median of ratios",
      values: Object.fromEntries(
        JUDGED.map((name) => [name, median(ratios(found, own, other, name))]),
      ),
    });
  }
}
