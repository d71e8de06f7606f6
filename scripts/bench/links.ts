import { selfSignedIdentity } from "../../lib/pki/self_signed.ts";
import { BASE } from "../../tests/stories/relay.ts";
import type { Bench } from "./bench.ts";
import { startGlossond, usernameOf } from "./glossond.ts";
import { LoadProcess } from "./load_process.ts";
import { type Namespaces, openNamespaces } from "./namespaces.ts";
import { median } from "./numbers.ts";
import { startPeer } from "./peers.ts";
import { roundTripsAdded } from "./round_trips.ts";

/** Visits a way. */
const VISITS = { full: 20, quick: 5 } as const;

/** Time to the first byte where every hop takes 40 ms: what round trips a relay adds. */
export async function links(bench: Bench): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const relayName = `relay.${BASE}`;
  let places: Namespaces<"visitor" | "relay" | "client">["places"];
  try {
    const parties = ["visitor", "relay", "client"] as const;
    ({ places } = stack.use(await openNamespaces(parties, { [relayName]: "relay" })));
  } catch (error) {
    return bench.tell(`links: skipped, ${(error as Error).message}`);
  }
  const glossond = stack.use(
    await startGlossond({
      users: 2,
      namespace: places.relay.namespace,
      settings: {
        HUB_HOST: "0.0.0.0",
        DATA_HOST: "0.0.0.0",
        CONTROL_HOST: "0.0.0.0",
        PUBLIC_DATA_HOST: places.relay.address,
      },
    }),
  );
  const { relay } = glossond;
  const hostnames = [0, 1].map((user) => `${usernameOf(user)}.${BASE}`);
  const pair = await selfSignedIdentity(hostnames, Date.now());
  const visitor = stack.use(new LoadProcess("tls.ts", { namespace: places.visitor.namespace }));
  const ways: { name: string; host: string; port: number; user: number }[] = [];
  for (const [user, name] of ["glossond parked", "glossond dialled"].entries()) {
    const client = stack.use(new LoadProcess("tls.ts", { namespace: places.client.namespace }));
    const at = { host: relayName, resolves: true };
    const membership = { ...glossond.membership(user, user === 0 ? 8 : 0), ...at };
    await client.call("online", { ...pair, membership });
    ways.push({ name, host: places.relay.address, port: relay.ports.hub!, user });
    if (user > 0) continue;
    const { port } = await client.call<{ port: number }>("listen", { ...pair, host: "0.0.0.0" });
    ways.unshift({ name: "direct", host: places.client.address, port, user });
    for (const peer of bench.peers) {
      const target = stack.use(
        await startPeer(peer, port, BASE, {
          host: places.relay.address,
          originHost: places.client.address,
          namespace: places.relay.namespace,
        }),
      );
      ways.push({ name: peer.name, host: places.relay.address, port: target.port, user: 0 });
    }
  }
  let directMs = 0;
  const count = bench.quick ? VISITS.quick : VISITS.full;
  for (const { name, host, port, user } of ways) {
    bench.tell(`links: ${name}`);
    const run = { host, port, hostname: hostnames[user]!, count, ca: pair.cert, pauseMs: 150 };
    let times: number[] = [];
    const served = await bench.mayFail(name, async () => {
      ({ times } = await visitor.call<{ times: number[] }>("sequence", run));
    });
    if (!served) continue;
    const p50 = median(times);
    // The first way tells how long a round trip really is.
    directMs ||= p50;
    bench.add({
      section: "links",
      target: name,
      case: "40 ms between all",
      values: {
        p50Ms: p50,
        roundTripsAdded: name === "direct" ? undefined : roundTripsAdded(p50, directMs),
      },
    });
  }
}
