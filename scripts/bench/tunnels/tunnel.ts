import { freePort } from "../../ports.ts";
import { type Server, startServer } from "../../server.ts";
import { type DemoRelay, glosson, glossond } from "../../demo/part.ts";
import { processTree, type Usage, usageOf } from "../usage.ts";
import type { TunnelEnd, TunnelPeer, TunnelPorts } from "./peers.ts";

/** Whom visitors ask for. */
export const HOSTNAME = "kaylee.glosson.localhost";

/** A tunnel that runs: a relay, and a client with an origin behind it. */
export interface Tunnel extends AsyncDisposable {
  name: string;
  /** Where visitors connect. */
  port: number;
  /** What the relay's processes use, and the client's. */
  relayUsage(): Usage;
  clientUsage(): Usage;
  /** Whether the client comes back to a relay that was lost. */
  comesBack: boolean;
  /** Ends the relay as a loss of power does, and starts it again. */
  restartRelay(): Promise<void>;
}

/** Starts another's tunnel, its files in `dir`. */
export async function startTunnel(
  peer: TunnelPeer,
  origin: number,
  dir: string,
): Promise<Tunnel> {
  const programs = await peer.programs.build();
  const ports: TunnelPorts = { visitors: freePort(), control: freePort(), origin };
  async function start(which: string, end: TunnelEnd): Promise<Server> {
    const file = `${dir}/${which}.toml`;
    if (end.config !== undefined) await Deno.writeTextFile(file, end.config);
    const files = end.config === undefined ? [] : [file];
    // Whether it serves is for a visitor to find out.
    return await startServer(
      `${peer.name}'s ${which}`,
      [`${programs}/${end.program}`, ...end.args, ...files],
      { isUp: () => true, withinMs: 5_000, cwd: dir },
    );
  }
  let relay = await start("relay", peer.relay(ports));
  // Some clients end themselves where no relay is yet.
  await new Promise((resolve) => setTimeout(resolve, 300));
  const client = await start("client", peer.client(ports, HOSTNAME));
  return {
    name: `${peer.name} ${peer.programs.version}`,
    port: ports.visitors,
    comesBack: !peer.endsWithRelay,
    relayUsage: () => usageOf(processTree(relay.pid)),
    clientUsage: () => usageOf(processTree(client.pid)),
    async restartRelay() {
      await relay.end("SIGKILL");
      relay = await start("relay", peer.relay(ports));
    },
    async [Symbol.asyncDispose]() {
      await client.end();
      await relay.end();
    },
  };
}

/** Starts ours: the relay, and the reference client that leaves TLS to the origin. */
export async function startOwn(origin: number, dir: string): Promise<Tunnel> {
  const settings: Record<string, string> = {};
  for (const name of ["HUB", "DATA", "CONTROL", "PAGES", "ADMIN"]) {
    settings[`GLOSSOND_${name}_PORT`] = `${freePort()}`;
  }
  let relay: DemoRelay = await glossond(dir, { settings });
  const args = ["--tls-upstream", `127.0.0.1:${origin}`];
  const client = await glosson(dir, relay, { args });
  return {
    name: "glossond",
    port: relay.ports.hub,
    comesBack: true,
    relayUsage: () => usageOf(processTree(relay.pid)),
    clientUsage: () => usageOf(processTree(client.pid)),
    async restartRelay() {
      Deno.kill(relay.pid, "SIGKILL");
      await relay.ended;
      relay = await glossond(dir, { settings });
    },
    async [Symbol.asyncDispose]() {
      await client.stop();
      await relay.stop();
    },
  };
}
