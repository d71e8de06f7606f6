import { BASE } from "../../tests/stories/relay.ts";
import type { Bench } from "./bench.ts";
import { startGlossond, usernameOf } from "./glossond.ts";
import { grow } from "./grow.ts";
import { LoadProcess } from "./load_process.ts";
import { startPeer } from "./peers.ts";

/** Users whose visitors the pairs are of: each may have a share of the places only. */
const USERS = 8;

/** Memory and descriptors of idle visitors, each joined to a client. */
export async function memory(bench: Bench): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const origin = stack.use(new LoadProcess("flights.ts"));
  const client = stack.use(new LoadProcess("flights.ts"));
  const { port } = await origin.call<{ port: number }>("listen");
  const glossond = stack.use(
    await startGlossond({
      users: USERS,
      settings: {
        MAX_VISITORS_PER_USER: "8000",
        MAX_VISITORS: "6000",
        MAX_HELLOS: "500",
        MAX_PAGES: "50",
        MAX_CLIENTS: "100",
        MAX_PARKED: "100",
      },
    }),
  );
  for (let user = 0; user < USERS; user++) {
    await client.call("online", glossond.membership(user, 4));
  }
  const targets = [glossond.target("glossond")];
  for (const peer of bench.peers) targets.push(stack.use(await startPeer(peer, port, BASE)));
  for (const target of targets) {
    await using visitor = new LoadProcess("flights.ts");
    const hostnames = Array.from({ length: USERS }, (_, user) => `${usernameOf(user)}.${BASE}`);
    await bench.mayFail(
      target.name,
      () =>
        grow(bench, "memory", target, "idle joined pair", async (from, to) => {
          await visitor.call("hold", { port: target.port, hostnames, count: to - from });
        }),
    );
  }
}
