import { cargo, go, type Programs } from "./programs.ts";

/** Ports of 127.0.0.1 that a tunnel is made between. */
export interface TunnelPorts {
  /** Where visitors come. */
  visitors: number;
  /** Where the client comes to the relay. */
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
  relay: (ports: TunnelPorts) => TunnelEnd;
  client: (ports: TunnelPorts, hostname: string) => TunnelEnd;
}

function frp(name: string, pool: number): TunnelPeer {
  return {
    name: `frp ${name}`,
    programs: go("github.com/fatedier/frp", "v0.65.0", "./cmd/frps", "./cmd/frpc"),
    relay: ({ control, visitors }) => ({
      program: "frps",
      args: ["-c"],
      config: `bindAddr = "127.0.0.1"
proxyBindAddr = "127.0.0.1"
bindPort = ${control}
vhostHTTPSPort = ${visitors}
transport.maxPoolCount = ${pool}
log.level = "warn"
`,
    }),
    client: ({ control, origin }, hostname) => ({
      program: "frpc",
      args: ["-c"],
      config: `serverAddr = "127.0.0.1"
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

/** The tunnels, each with the settings that are compared. Those without SNI have a port a user. */
export const TUNNELS: readonly TunnelPeer[] = [
  frp("without a pool", 0),
  frp("pool of 16", 16),
  {
    name: "rathole",
    // The crates that it locks, of 2023, are refused by compilers of today.
    programs: cargo("rathole", "0.5.0", []),
    relay: ({ control, visitors }) => ({
      program: "rathole",
      args: ["--server"],
      config: `[server]
bind_addr = "127.0.0.1:${control}"
default_token = "bench"
[server.services.page]
bind_addr = "127.0.0.1:${visitors}"
`,
    }),
    client: ({ control, origin }) => ({
      program: "rathole",
      args: ["--client"],
      config: `[client]
remote_addr = "127.0.0.1:${control}"
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
    relay: ({ visitors }) => ({
      program: "bore",
      args: [
        ...["server", "--bind-addr", "127.0.0.1", "--bind-tunnels", "127.0.0.1"],
        ...["--min-port", `${visitors}`, "--max-port", `${visitors}`],
      ],
    }),
    client: ({ visitors, origin }) => ({
      program: "bore",
      args: [
        "local",
        `${origin}`,
        "--local-host",
        "127.0.0.1",
        "--to",
        "127.0.0.1",
        "--port",
        `${visitors}`,
      ],
    }),
  },
  {
    name: "chisel",
    programs: go("github.com/jpillora/chisel", "v1.10.1", "."),
    relay: ({ control }) => ({
      program: "chisel",
      args: ["server", "--host", "127.0.0.1", "--port", `${control}`, "--reverse"],
    }),
    client: ({ control, visitors, origin }) => ({
      program: "chisel",
      args: [
        ...["client", "--max-retry-interval", "1s", `http://127.0.0.1:${control}`],
        `R:127.0.0.1:${visitors}:127.0.0.1:${origin}`,
      ],
    }),
  },
];

/** Tunnels that are not measured, and why. */
export const NO_TUNNELS: Readonly<Record<string, string>> = {
  sish: "Go's module proxy has no version of github.com/antoniomika/sish (403)",
  snitun: "a library of Home Assistant's, without programs of its own",
};
