import { must } from "../../scripts/run.ts";

/** Addresses: this machine sees the relay, the relay the router, the router the client. */
export const RELAY_ADDRESS = "10.88.0.2";

/** Of the relay, as the router sees it. */
const RELAY_OUTSIDE = "10.88.1.1";

/** A relay and a client in network namespaces of their own, and a router with NAT between them. */
export interface Nat extends AsyncDisposable {
  /** Starts a program beside the relay, or beside the client. */
  readonly relay: string[];
  readonly client: string[];
  /** From now on the router drops everything to this port, without a word. */
  block(port: number): Promise<void>;
  /** From now on it drops what is longer than 1,000 bytes and goes to one of these ports, as an MTU does that nobody tells. */
  dropLarge(...ports: number[]): Promise<void>;
  /** From now on it drops nothing. */
  unblock(): Promise<void>;
}

/** @param last a last argument that may have spaces. */
async function run(command: string, ...last: string[]): Promise<void> {
  const [program = "", ...words] = command.split(" ");
  await must(program, [...words, ...last]);
}

/**
 * Makes the namespaces; they go when it is disposed of.
 *
 * @param relayHost name of the relay, which the client's side resolves.
 * @throws {Error} when that is not possible here: it takes root, `ip` and `nft`.
 */
export async function openNat(relayHost: string): Promise<Nat> {
  const [relay, router, client] = ["relay", "router", "client"].map((name) => `gl-nat-${name}`);
  await using stack = new AsyncDisposableStack();
  stack.defer(async () => {
    for (const name of [relay, router, client]) {
      await run(`ip netns delete ${name}`).catch(() => {});
    }
    await Deno.remove(`/etc/netns/${client}`, { recursive: true }).catch(() => {});
  });
  for (const name of [relay, router, client]) {
    await run(`ip netns add ${name}`);
    await run(`ip -n ${name} link set lo up`);
  }
  // `ip netns exec` shows this in the place of /etc/hosts.
  await Deno.mkdir(`/etc/netns/${client}`, { recursive: true });
  await Deno.writeTextFile(
    `/etc/netns/${client}/hosts`,
    `127.0.0.1 localhost\n${RELAY_OUTSIDE} ${relayHost}\n`,
  );
  await run(`ip link add gl-host type veth peer name gl-in netns ${relay}`);
  stack.defer(() => run("ip link delete gl-host").catch(() => {}));
  await run("ip addr add 10.88.0.1/24 dev gl-host");
  await run("ip link set gl-host up");
  await run(`ip -n ${relay} addr add ${RELAY_ADDRESS}/24 dev gl-in`);
  await run(`ip -n ${relay} link set gl-in up`);
  for (
    const [net, left, right] of [["10.88.1", relay, router], ["10.88.2", router, client]] as const
  ) {
    await run(`ip -n ${left} link add gl-right type veth peer name gl-left netns ${right}`);
    await run(`ip -n ${left} addr add ${net}.1/24 dev gl-right`);
    await run(`ip -n ${right} addr add ${net}.2/24 dev gl-left`);
    await run(`ip -n ${left} link set gl-right up`);
    await run(`ip -n ${right} link set gl-left up`);
  }
  await run(`ip -n ${client} route add default via 10.88.2.1`);
  await run(`ip netns exec ${router} sysctl -qw net.ipv4.ip_forward=1`);
  const rules = `
    table ip home {
      chain out {
        type nat hook postrouting priority srcnat;
        oifname "gl-left" masquerade
      }
      chain wall {
        type filter hook forward priority filter;
      }
    }`;
  await run(`ip netns exec ${router} nft`, rules);
  const atRouter = `ip netns exec ${router} nft`;
  const open = stack.move();
  return {
    relay: ["ip", "netns", "exec", relay!],
    client: ["ip", "netns", "exec", client!],
    block: (port) => run(`${atRouter} add rule ip home wall tcp dport ${port} drop`),
    async dropLarge(...ports) {
      for (const port of ports) {
        await run(`${atRouter} add rule ip home wall tcp dport ${port} meta length > 1000 drop`);
      }
    },
    unblock: () => run(`${atRouter} flush chain ip home wall`),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
