import { fileURLToPath } from "node:url";
import { cargo, go, pip, type Programs } from "./programs.ts";

/** Where a tunnel is made between; visitors and origin are on their end's 127.0.0.1. */
export interface TunnelPorts {
  /** Where visitors come. */
  visitors: number;
  /** Address and port where the client comes to the relay. */
  host: string;
  control: number;
  /** What the client passes visitors to. */
  origin: number;
}

/** What one end of a tunnel is started with. */
export interface TunnelEnd {
  program: string;
  args: string[];
  /** Text of its configuration, whose file's name is the last argument then. */
  config?: string;
}

/** Another tunnel, and a setting of it. */
export interface TunnelPeer {
  name: string;
  programs: Programs;
  /** Whether its client ends itself when it loses the relay. @default {false} */
  endsWithRelay?: boolean;
  /** Whether it is given a tenth of the bytes: with all of them it would take minutes. @default {false} */
  isSlow?: boolean;
  relay: (ports: TunnelPorts) => TunnelEnd;
  client: (ports: TunnelPorts, hostname: string) => TunnelEnd;
}

function frp(name: string, pool: number): TunnelPeer {
  return {
    name: `frp ${name}`,
    programs: go("github.com/fatedier/frp", "v0.65.0", "./cmd/frps", "./cmd/frpc"),
    relay: ({ host, control, visitors }) => ({
      program: "frps",
      args: ["-c"],
      config: `bindAddr = "${host}"
proxyBindAddr = "127.0.0.1"
bindPort = ${control}
vhostHTTPSPort = ${visitors}
transport.maxPoolCount = ${pool}
log.level = "warn"
`,
    }),
    client: ({ host, control, origin }, hostname) => ({
      program: "frpc",
      args: ["-c"],
      config: `serverAddr = "${host}"
serverPort = ${control}
loginFailExit = false
transport.poolCount = ${pool}
log.level = "warn"
[[proxies]]
name = "page"
type = "https"
localIP = "127.0.0.1"
localPort = ${origin}
customDomains = ["${hostname}"]
`,
    }),
  };
}

/** What runs both ends of snitun's. */
const SNITUN_ENDS = fileURLToPath(new URL("./snitun_ends.py", import.meta.url));

/** The tunnels, each with the settings that are compared. Those without SNI have a port a user. */
export const TUNNELS: readonly TunnelPeer[] = [
  frp("without a pool", 0),
  frp("pool of 16", 16),
  {
    name: "rathole",
    // The crates that it locks, of 2023, are refused by compilers of today.
    programs: cargo("rathole", "0.5.0", []),
    relay: ({ host, control, visitors }) => ({
      program: "rathole",
      args: ["--server"],
      config: `[server]
bind_addr = "${host}:${control}"
default_token = "bench"
[server.services.page]
bind_addr = "127.0.0.1:${visitors}"
`,
    }),
    client: ({ host, control, origin }) => ({
      program: "rathole",
      args: ["--client"],
      config: `[client]
remote_addr = "${host}:${control}"
default_token = "bench"
[client.services.page]
local_addr = "127.0.0.1:${origin}"
`,
    }),
  },
  {
    name: "bore",
    programs: cargo("bore-cli", "0.6.0"),
    endsWithRelay: true,
    // Its control port is always 7835.
    relay: ({ host, visitors }) => ({
      program: "bore",
      args: [
        ...["server", "--bind-addr", host, "--bind-tunnels", "127.0.0.1"],
        ...["--min-port", `${visitors}`, "--max-port", `${visitors}`],
      ],
    }),
    client: ({ host, visitors, origin }) => ({
      program: "bore",
      args: [
        ...["local", `${origin}`, "--local-host", "127.0.0.1"],
        ...["--to", host, "--port", `${visitors}`],
      ],
    }),
  },
  {
    name: "chisel",
    programs: go("github.com/jpillora/chisel", "v1.10.1", "."),
    relay: ({ host, control }) => ({
      program: "chisel",
      args: ["server", "--host", host, "--port", `${control}`, "--reverse"],
    }),
    client: ({ host, control, visitors, origin }) => ({
      program: "chisel",
      args: [
        ...["client", "--max-retry-interval", "1s", `http://${host}:${control}`],
        `R:127.0.0.1:${visitors}:127.0.0.1:${origin}`,
      ],
    }),
  },
  {
    name: "snitun",
    // The last one for Python 3.11, which Debian 12 has.
    programs: pip("snitun", "0.40.0"),
    endsWithRelay: true,
    isSlow: true,
    relay: ({ host, control, visitors }) => ({
      program: "python3",
      args: [SNITUN_ENDS, "relay", host, `${control}`, `${visitors}`],
    }),
    client: ({ host, control, origin }, hostname) => ({
      program: "python3",
      args: [SNITUN_ENDS, "client", host, `${control}`, `${origin}`, hostname],
    }),
  },
];

/** Tunnels that are not measured, and why. */
export const NO_TUNNELS: Readonly<Record<string, string>> = {
  sish: "Go's module proxy has no version of github.com/antoniomika/sish (403)",
};
