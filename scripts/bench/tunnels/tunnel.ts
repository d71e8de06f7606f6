import { sleep } from "../../../lib/net/pause.ts";
import { freePort } from "../../ports.ts";
import { type Server, startServer } from "../../server.ts";
import { type DemoRelay, glosson, glossond } from "../../demo/part.ts";
import { bareLoop } from "../bare_loop.ts";
import { processTree, type Usage, usageOf } from "../usage.ts";
import type { TunnelEnd, TunnelPeer, TunnelPorts } from "./peers.ts";

/** Time for a relay to listen. */
const RELAY_START_MS = 300;

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
  /** Whether it is to be given a tenth of the bytes. */
  isSlow: boolean;
  /** Ends the relay as a loss of power does, and starts it again. */
  restartRelay(): Promise<void>;
}

/** Where the ends of a tunnel are, and whom visitors ask for. */
export interface TunnelPlace {
  /** Address of the relay's that the client comes to. */
  host: string;
  /** Name of the relay's that ours is asked by; the client's machine knows it. */
  relayName: string;
  baseDomain: string;
  /** What starts programs at the relay's end, and at the client's: a namespace, or nothing. */
  atRelay: readonly string[];
  atClient: readonly string[];
}

/** Buffers of the bare loops: a stream at full speed fills them. */
const LOOP_BUFFER_BYTES = 256 * 1024;

/** Both on this machine, as visitors are. */
export const HERE: TunnelPlace = {
  host: "127.0.0.1",
  relayName: "localhost",
  baseDomain: "glosson.localhost",
  atRelay: [],
  atClient: [],
};

/** Whom visitors ask for. */
export function hostnameAt({ baseDomain }: TunnelPlace): string {
  return `kaylee.${baseDomain}`;
}

/** Starts another's tunnel, its files in `dir`. */
export async function startTunnel(
  peer: TunnelPeer,
  origin: number,
  dir: string,
  place: TunnelPlace,
): Promise<Tunnel> {
  const programs = await peer.programs.build();
  const ports: TunnelPorts = {
    visitors: freePort(),
    host: place.host,
    control: freePort(),
    origin,
  };
  async function start(which: "relay" | "client", end: TunnelEnd): Promise<Server> {
    const file = `${dir}/${which}.toml`;
    if (end.config !== undefined) await Deno.writeTextFile(file, end.config);
    const files = end.config === undefined ? [] : [file];
    const launcher = which === "relay" ? place.atRelay : place.atClient;
    // Whether it serves is for a visitor to find out.
    return await startServer(
      `${peer.name}'s ${which}`,
      [...launcher, `${programs}/${end.program}`, ...end.args, ...files],
      { isUp: () => true, withinMs: 5_000, cwd: dir },
    );
  }
  let relay = await start("relay", peer.relay(ports));
  // Some clients end themselves where no relay is yet.
  await sleep(RELAY_START_MS);
  const client = await start("client", peer.client(ports, hostnameAt(place)));
  return {
    name: `${peer.name} ${peer.programs.version}`,
    port: ports.visitors,
    comesBack: !peer.endsWithRelay,
    isSlow: peer.isSlow ?? false,
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
export async function startOwn(origin: number, dir: string, place: TunnelPlace): Promise<Tunnel> {
  const settings: Record<string, string> = {
    GLOSSOND_BASE_DOMAIN: place.baseDomain,
    GLOSSOND_CONTROL_HOST: place.host,
    GLOSSOND_DATA_HOST: place.host,
    GLOSSOND_PUBLIC_DATA_HOST: place.host,
  };
  for (const name of ["HUB", "DATA", "CONTROL", "PAGES", "ADMIN"]) {
    settings[`GLOSSOND_${name}_PORT`] = `${freePort()}`;
  }
  const start = (): Promise<DemoRelay> => glossond(dir, { settings, launcher: place.atRelay });
  let relay = await start();
  const client = await glosson(dir, relay, {
    relayHost: place.relayName,
    args: ["--tls-upstream", `127.0.0.1:${origin}`],
    launcher: place.atClient,
  });
  return {
    name: "glossond",
    port: relay.ports.hub,
    comesBack: true,
    isSlow: false,
    relayUsage: () => usageOf(processTree(relay.pid)),
    clientUsage: () => usageOf(processTree(client.pid)),
    async restartRelay() {
      Deno.kill(relay.pid, "SIGKILL");
      await relay.ended;
      relay = await start();
    },
    async [Symbol.asyncDispose]() {
      await client.stop();
      await relay.stop();
    },
  };
}

/**
 * The least that a tunnel can be on this runtime: a bare loop in the place of each end, which reads no hello and asks
 * nobody for a connection.
 */
export async function startBare(origin: number): Promise<Tunnel> {
  await using stack = new AsyncDisposableStack();
  const bufferBytes = LOOP_BUFFER_BYTES;
  const client = await bareLoop(stack, { originPort: origin, bufferBytes });
  const relay = await bareLoop(stack, { originPort: client.port, bufferBytes });
  const started = stack.move();
  return {
    name: "bare loops",
    port: relay.port,
    comesBack: false,
    isSlow: false,
    relayUsage: relay.usage,
    clientUsage: client.usage,
    restartRelay: () => Promise.reject(new Error("Bare loops do not come back")),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
