import { must } from "../run.ts";
import { LoadProcess } from "./load_process.ts";

/** Addresses of the parties, each in a network namespace of its own. */
export const PARTIES = {
  visitor: "10.77.0.1",
  relay: "10.77.0.2",
  client: "10.77.0.3",
} as const;

/** A party of the scenario. */
export type Party = keyof typeof PARTIES;

/** Name of the namespace of a party. */
export function namespaceOf(party: Party): string {
  return `glossond-bench-${party}`;
}

/** One way; twice this is a round trip between any two parties. */
const DELAY_MS = 20;

async function run(command: string): Promise<void> {
  const [program = "", ...args] = command.split(" ");
  await must(program, args);
}

/**
 * Makes three network namespaces with 40 ms round trips between them, until disposed.
 *
 * @param hosts names that all parties resolve, to addresses.
 * @throws {Error} when that is not possible here: it takes root, `ip` and TUN devices.
 */
export async function openNamespaces(hosts: Record<string, string>): Promise<AsyncDisposable> {
  const parties = Object.keys(PARTIES) as Party[];
  const deviceOf = (party: Party): string => `bench-${party}`;
  await using stack = new AsyncDisposableStack();
  stack.defer(async () => {
    for (const party of parties) {
      await run(`ip netns delete ${namespaceOf(party)}`).catch(() => {});
      await Deno.remove(`/etc/netns/${namespaceOf(party)}`, { recursive: true }).catch(() => {});
    }
  });
  const network = stack.use(new LoadProcess("delay.ts"));
  const devices = Object.fromEntries(parties.map((party) => [deviceOf(party), PARTIES[party]]));
  await network.call("open", { devices, delayMs: DELAY_MS });
  const lines = Object.entries({ localhost: "127.0.0.1", ...hosts })
    .map(([name, address]) => `${address} ${name}\n`).join("");
  for (const party of parties) {
    const name = namespaceOf(party);
    await run(`ip netns add ${name}`);
    // `ip netns exec` shows this in the place of /etc/hosts.
    await Deno.mkdir(`/etc/netns/${name}`, { recursive: true });
    await Deno.writeTextFile(`/etc/netns/${name}/hosts`, lines);
    await run(`ip link set ${deviceOf(party)} netns ${name}`);
    await run(`ip -n ${name} addr add ${PARTIES[party]}/24 dev ${deviceOf(party)}`);
    await run(`ip -n ${name} link set ${deviceOf(party)} up`);
    await run(`ip -n ${name} link set lo up`);
  }
  return stack.move();
}
