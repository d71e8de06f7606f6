import { must } from "../run.ts";
import { LoadProcess } from "./load_process.ts";

/** One way; twice this is a round trip between any two parties. */
const DELAY_MS = 20;

/** A party of a scenario, in a network namespace of its own. */
export interface Place {
  /** Its IPv4 address. */
  address: string;
  /** Name of its namespace. */
  namespace: string;
}

/** Parties with 40 ms round trips between any two of them, until disposed. */
export interface Namespaces<Party extends string> extends AsyncDisposable {
  places: Record<Party, Place>;
  /** Has a share of all packets lost from now on. */
  lose(share: number): Promise<void>;
}

async function run(command: string): Promise<void> {
  const [program = "", ...args] = command.split(" ");
  await must(program, args);
}

/**
 * Makes a network namespace for each party, with 40 ms round trips between any two.
 *
 * @param hosts names that all parties resolve, and whose they are.
 * @throws {Error} when that is not possible here: it takes root, `ip` and TUN devices.
 */
export async function openNamespaces<Party extends string>(
  parties: readonly Party[],
  hosts: Record<string, Party>,
): Promise<Namespaces<Party>> {
  const places = Object.fromEntries(parties.map((party, i) => [
    party,
    { address: `10.77.0.${i + 1}`, namespace: `glossond-${Deno.pid}-${party}` },
  ])) as Record<Party, Place>;
  // A device's name has 15 characters at most.
  const deviceOf = (party: Party): string => `bench${Deno.pid}-${parties.indexOf(party)}`;
  await using stack = new AsyncDisposableStack();
  const between = `glossond-${Deno.pid}-between`;
  stack.defer(async () => {
    for (const namespace of [between, ...Object.values<Place>(places).map((p) => p.namespace)]) {
      await run(`ip netns delete ${namespace}`).catch(() => {});
      await Deno.remove(`/etc/netns/${namespace}`, { recursive: true }).catch(() => {});
    }
  });
  // Devices are made here and not beside the machine's own: a browser gives up what it loads when one comes or goes.
  await run(`ip netns add ${between}`);
  const network = stack.use(new LoadProcess("delay.ts", { namespace: between }));
  const devices = Object.fromEntries(
    parties.map((party) => [deviceOf(party), places[party].address]),
  );
  await network.call("open", { devices, delayMs: DELAY_MS });
  const lines = ["127.0.0.1 localhost\n"]
    .concat(Object.entries(hosts).map(([name, party]) => `${places[party].address} ${name}\n`));
  for (const party of parties) {
    const { address, namespace } = places[party];
    await run(`ip netns add ${namespace}`);
    // `ip netns exec` shows this in the place of /etc/hosts.
    await Deno.mkdir(`/etc/netns/${namespace}`, { recursive: true });
    await Deno.writeTextFile(`/etc/netns/${namespace}/hosts`, lines.join(""));
    await run(`ip -n ${between} link set ${deviceOf(party)} netns ${namespace}`);
    await run(`ip -n ${namespace} addr add ${address}/24 dev ${deviceOf(party)}`);
    await run(`ip -n ${namespace} link set ${deviceOf(party)} up`);
    await run(`ip -n ${namespace} link set lo up`);
  }
  const made = stack.move();
  return {
    places,
    lose: (share) => network.call("lose", { share }),
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  };
}
