import { BASE } from "../../tests/stories/relay.ts";
import { getCertificate } from "../../tests/stories/user.ts";
import type { Bench } from "./bench.ts";
import { startGlossond, usernameOf } from "./glossond.ts";
import { LoadProcess } from "./load_process.ts";
import { namespaceOf, openNamespaces, PARTIES } from "./namespaces.ts";
import { median } from "./numbers.ts";
import { startPeer } from "./peers.ts";

/** Round trips that a visitor pays who connects to the client itself: TCP, TLS 1.3, HTTP. */
const DIRECT_ROUND_TRIPS = 3;

/**
 * What a visitor cannot do without, in round trips to the relay: one to connect, and two of TLS 1.3
 * and HTTP that go on from there to the client.
 */
const NEEDED_ROUND_TRIPS = 1 + 2 * 2;

/** Visits a way. */
const VISITS = { full: 20, quick: 5 } as const;

/** Time to the first byte where every hop takes 40 ms: what round trips a relay adds. */
export async function links(bench: Bench): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const relayName = `relay.${BASE}`;
  try {
    stack.use(await openNamespaces({ [relayName]: PARTIES.relay }));
  } catch (error) {
    return bench.tell(`links: skipped, ${(error as Error).message}`);
  }
  const glossond = stack.use(
    await startGlossond({
      users: 2,
      namespace: namespaceOf("relay"),
      settings: {
        HUB_HOST: "0.0.0.0",
        DATA_HOST: "0.0.0.0",
        CONTROL_HOST: "0.0.0.0",
        PUBLIC_DATA_HOST: PARTIES.relay,
      },
    }),
  );
  const { relay } = glossond;
  const { ca, pairs } = await userCertificates(2);
  const visitor = stack.use(new LoadProcess("tls.ts", { namespace: namespaceOf("visitor") }));
  const ways: { name: string; host: string; port: number; user: number }[] = [];
  for (const [user, name] of ["glossond parked", "glossond dialled"].entries()) {
    const client = stack.use(new LoadProcess("tls.ts", { namespace: namespaceOf("client") }));
    const membership = { ...glossond.membership(user, user === 0 ? 8 : 0), host: relayName };
    const pair = pairs[user]!;
    await client.call("online", { ...pair, membership });
    ways.push({ name, host: PARTIES.relay, port: relay.ports.hub!, user });
    if (user > 0) continue;
    const { port } = await client.call<{ port: number }>("listen", { ...pair, host: "0.0.0.0" });
    ways.unshift({ name: "direct", host: PARTIES.client, port, user });
    for (const peer of bench.peers) {
      const target = stack.use(
        await startPeer(peer, port, BASE, {
          host: PARTIES.relay,
          originHost: PARTIES.client,
          namespace: namespaceOf("relay"),
        }),
      );
      ways.push({ name: peer.name, host: PARTIES.relay, port: target.port, user: 0 });
    }
  }
  let roundTripMs = 0;
  const count = bench.quick ? VISITS.quick : VISITS.full;
  for (const { name, host, port, user } of ways) {
    bench.tell(`links: ${name}`);
    const hostname = `${usernameOf(user)}.${BASE}`;
    const run = { host, port, hostname, count, ca, pauseMs: 150 };
    let times: number[] = [];
    const served = await bench.mayFail(name, async () => {
      ({ times } = await visitor.call<{ times: number[] }>("sequence", run));
    });
    if (!served) continue;
    const p50 = median(times);
    // The first way tells how long a round trip really is.
    roundTripMs ||= p50 / DIRECT_ROUND_TRIPS;
    bench.add({
      section: "links",
      target: name,
      case: "40 ms between all",
      values: {
        p50Ms: p50,
        roundTripsAdded: name === "direct" ? undefined : p50 / roundTripMs - NEEDED_ROUND_TRIPS,
      },
    });
  }
}

/** Certificates from a relay on loopback: the one in the namespace is not reached from here. */
async function userCertificates(
  users: number,
): Promise<{ ca: string; pairs: { cert: string; key: string }[] }> {
  await using glossond = await startGlossond({ users });
  const pairs = await Promise.all(Array.from({ length: users }, (_, user) => {
    const { username, token } = glossond.membership(user, 0);
    return getCertificate(glossond.relay, {
      username,
      token,
      hostname: `${usernameOf(user)}.${BASE}`,
    });
  }));
  return { ca: glossond.relay.ca, pairs };
}
