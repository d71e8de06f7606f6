import { existsSync } from "node:fs";
import { freePort } from "../ports.ts";
import { startServer } from "../server.ts";
import { processTree, type Usage, usageOf } from "./usage.ts";

/** A relay under test. */
export interface Target extends AsyncDisposable {
  name: string;
  /** Where visitors connect. */
  port: number;
  /** What its processes use. */
  usage(): Usage;
}

/** The origin itself: what the load generator does without a relay. */
export function directTarget(port: number): Target {
  return {
    name: "direct",
    port,
    usage: () => ({ cpuSeconds: 0, kernelSeconds: 0, rssBytes: 0, descriptors: 0 }),
    async [Symbol.asyncDispose]() {},
  };
}

/** Where something listens. */
export interface Address {
  host: string;
  port: number;
}

/** Another program that relays TLS by its SNI, and a setting of it. */
export interface Peer {
  /** Name and setting, as the table shows it. */
  name: string;
  program: string;
  /** Other files that it takes. */
  files?: readonly string[];
  /** Whether this is the setting that the program comes with. */
  isDefault: boolean;
  /** Text of a configuration that relays connections to an address to an origin. */
  config: (at: Address, origin: Address, baseDomain: string) => string;
  /** Arguments that run it in the foreground with the configuration in a file of `dir`. */
  args: (file: string, dir: string) => string[];
}

/** What makes nginx relay by SNI. */
const STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";

function haproxy(name: string, isDefault: boolean, global: string, defaults = ""): Peer {
  return {
    name: `haproxy ${name}`,
    program: "/usr/sbin/haproxy",
    isDefault,
    config: (at, origin, baseDomain) => `
global
  maxconn 8000
  ${global}
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  ${defaults}
frontend visitors
  bind ${at.host}:${at.port}
  tcp-request inspect-delay 5s
  tcp-request content accept if { req.ssl_hello_type 1 }
  use_backend origin if { req.ssl_sni -m end .${baseDomain} }
backend origin
  server origin ${origin.host}:${origin.port}
`,
    args: (file) => ["-db", "-f", file],
  };
}

function nginx(name: string, isDefault: boolean, buffer: string): Peer {
  return {
    name: `nginx ${name}`,
    program: "/usr/sbin/nginx",
    files: [STREAM_MODULE],
    isDefault,
    config: (at, origin, baseDomain) => `
load_module ${STREAM_MODULE};
daemon off;
pid nginx.pid;
error_log stderr warn;
worker_rlimit_nofile 20000;
events { worker_connections 19000; }
stream {
  access_log off;
  map $ssl_preread_server_name $origin { hostnames; .${baseDomain} ${origin.host}:${origin.port}; }
  server {
    listen ${at.host}:${at.port};
    ssl_preread on;
    proxy_pass $origin;
    proxy_timeout 1h;
    ${buffer}
  }
}
`,
    args: (file, dir) => ["-c", file, "-p", dir],
  };
}

/** The peers, each with the settings that are compared. */
export const PEERS: readonly Peer[] = [
  haproxy("default", true, ""),
  haproxy("256k", false, "tune.bufsize 262144"),
  haproxy("splice", false, "maxpipes 100", "option splice-auto"),
  nginx("16k", true, ""),
  nginx("256k", false, "proxy_buffer_size 256k;"),
  {
    name: "sniproxy",
    program: "/usr/sbin/sniproxy",
    isDefault: true,
    config: (at, origin, baseDomain) => `
user root
pidfile /dev/null
listener ${at.host}:${at.port} {
  proto tls
  table visitors
}
table visitors {
  .*\\.${baseDomain.replaceAll(".", "\\.")} ${origin.host}:${origin.port}
}
`,
    args: (file) => ["-f", "-c", file],
  },
  {
    name: "sslh",
    program: "/usr/sbin/sslh-select",
    isDefault: true,
    config: (at, origin, baseDomain) => `
foreground: true;
listen: ( { host: "${at.host}"; port: "${at.port}"; } );
protocols: ( { name: "tls"; host: "${origin.host}"; port: "${origin.port}"; sni_hostnames: [ "*.${baseDomain}" ]; } );
`,
    args: (file) => ["-f", `-F${file}`],
  },
];

/** Programs that would be peers, and why they cannot be measured. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  pagekite: "Debian's 1.5.2 ends itself with a TypeError at the first TLS hello (Python 3.11)",
};

/** How long a peer may take to listen. */
const START_TIMEOUT_MS = 5_000;

/** Whether the program of a peer, and what it takes, is on this machine. */
export function isInstalled({ program, files = [] }: Peer): boolean {
  return [program, ...files].every((file) => existsSync(file));
}

/** Where a peer runs; on loopback unless told otherwise. */
export interface Placement {
  /** Address that it listens on. */
  host: string;
  /** Where its origin is. */
  originHost: string;
  /** The network namespace that these addresses are of. */
  namespace: string;
}

/** Starts a peer in front of an origin. */
export async function startPeer(
  peer: Peer,
  originPort: number,
  baseDomain: string,
  placement?: Placement,
): Promise<Target> {
  const { host = "127.0.0.1", originHost = "127.0.0.1", namespace } = placement ?? {};
  await using stack = new AsyncDisposableStack();
  const dir = await Deno.makeTempDir({ prefix: "glossond-bench-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const port = freePort();
  const file = `${dir}/peer.conf`;
  const origin = { host: originHost, port: originPort };
  await Deno.writeTextFile(file, peer.config({ host, port }, origin, baseDomain));
  const where = namespace === undefined ? [] : ["ip", "netns", "exec", namespace];
  const { pid } = stack.use(
    await startServer(peer.name, [...where, peer.program, ...peer.args(file, dir)], {
      isUp: (pid) => isListening(port, pid),
      withinMs: START_TIMEOUT_MS,
    }),
  );
  const started = stack.move();
  return {
    name: peer.name,
    port,
    usage: () => usageOf(processTree(pid)),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

/** Whether a port is listened to, seen by a process: it need not be in our network namespace. */
function isListening(port: number, pid: number): boolean {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  try {
    return Deno.readTextFileSync(`/proc/${pid}/net/tcp`).split("\n").some((line) => {
      const [, address = "", , state] = line.trim().split(/\s+/);
      // 0A is TCP_LISTEN.
      return state === "0A" && address.endsWith(local);
    });
  } catch {
    return false;
  }
}
