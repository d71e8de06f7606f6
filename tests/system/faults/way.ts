import { must } from "../../../scripts/run.ts";
import { Gate } from "./gate.ts";

/** The base domain: not below `localhost`, which clients know how to reach by themselves. */
export const BASE = "glosson.test";

/** Name of the relay, which clients resolve to their own gate. */
export const RELAY_HOST = `relay.${BASE}`;

/** Ways that were opened: each has names and addresses of its own. */
let opened = 0;

async function run(command: string, input?: string): Promise<void> {
  const [program = "", ...args] = command.split(" ");
  await must(program, args, { input });
}

/**
 * The way of one client to the relay, which can be spoilt: a network namespace that the client runs
 * in, a cable, and a gate at its other end.
 */
export class Way implements AsyncDisposable {
  /** Ends of connections, the time that bytes take, and silence. */
  readonly gate: Gate;
  readonly #number: number;
  readonly #stack: AsyncDisposableStack;

  private constructor(number: number, gate: Gate, stack: AsyncDisposableStack) {
    this.#number = number;
    this.gate = gate;
    this.#stack = stack;
  }

  /**
   * Lays a way to ports of the relay.
   *
   * @throws {Error} when that is not possible here: it takes root, `ip` and `nft`.
   */
  static async open(ports: readonly number[]): Promise<Way> {
    const number = ++opened;
    const name = nameOf(number);
    await using stack = new AsyncDisposableStack();
    // Left behind by a test that was killed.
    await run(`ip netns delete ${name}`).catch(() => {});
    await run(`ip netns add ${name}`);
    stack.defer(() => run(`ip netns delete ${name}`));
    // `ip netns exec` shows these in the place of those in /etc.
    const etc = `/etc/netns/${name}`;
    await Deno.mkdir(etc, { recursive: true });
    stack.defer(() => Deno.remove(etc, { recursive: true }));
    await Deno.writeTextFile(`${etc}/resolv.conf`, "nameserver 127.0.0.1\n");
    await Deno.writeTextFile(`${etc}/hosts`, hosts(number));
    await run(`ip link add ${name} type veth peer name cable netns ${name}`);
    stack.defer(() => run(`ip link delete ${name}`));
    await run(`ip addr add ${addressOf(number, 1)}/24 dev ${name}`);
    await run(`ip link set ${name} up`);
    await run(`ip -n ${name} link set lo up`);
    await run(`ip -n ${name} addr add ${addressOf(number, 2)}/24 dev cable`);
    await run(`ip -n ${name} link set cable up`);
    const gate = stack.use(await Gate.open(addressOf(number, 1), ports));
    return new Way(number, gate, stack.move());
  }

  /** Starts a program at the client's end. */
  get launcher(): string[] {
    return ["ip", "netns", "exec", this.#name];
  }

  /** Puts rules of nftables in the place of those before, for what leaves and what comes. */
  async filter(
    { leaving = "", coming = "" }: { leaving?: string; coming?: string },
  ): Promise<void> {
    const chain = (hook: string, device: string, rule: string): string =>
      `chain ${hook} { type filter hook ${hook} priority filter\n${rule && device + rule}\n}\n`;
    await run(
      `ip netns exec ${this.#name} nft -f -`,
      `table inet faults\ndelete table inet faults\n` +
        `table inet faults {\n${chain("output", 'oifname "cable" ', leaving)}${
          chain("input", 'iifname "cable" ', coming)
        }}\n`,
    );
  }

  /**
   * Has a router in between forget the connections to a port of the relay: from then on it lets only
   * those through that begin anew.
   *
   * @param verdict what becomes of the packets of others: `drop`, or `reject with tcp reset`.
   */
  async forget(port: number, verdict: string): Promise<void> {
    // Connections are tracked from when there is such a rule: none of before is known.
    const unknown = `ct state new tcp flags & syn == 0 ${verdict}`;
    await this.filter({
      leaving: `tcp dport ${port} ${unknown}`,
      coming: `tcp sport ${port} ${unknown}`,
    });
  }

  /** How many connections to a port of the relay the client's end has. */
  async connections(port: number): Promise<number> {
    const [program = "", ...args] = this.launcher;
    const established = ["ss", "-Htn", "state", "established", "dport", "=", `:${port}`];
    return (await must(program, [...args, ...established])).split("\n").filter(Boolean).length;
  }

  /** Takes the cable out, or puts it in again: without it there is no route. */
  async plug(isIn: boolean): Promise<void> {
    await run(`ip -n ${this.#name} link set cable ${isIn ? "up" : "down"}`);
  }

  /** Makes the relay's name one that cannot be resolved, or can again. */
  async resolves(does: boolean): Promise<void> {
    await Deno.writeTextFile(`/etc/netns/${this.#name}/hosts`, does ? hosts(this.#number) : "");
  }

  /** Gives the client's end another address, by which nothing of before goes on. */
  async moveAddress(): Promise<void> {
    await run(`ip -n ${this.#name} addr flush dev cable`);
    await run(`ip -n ${this.#name} addr add ${addressOf(this.#number, 3)}/24 dev cable`);
  }

  /** The longest packet of both ends, bytes. */
  async setMtu(bytes: number): Promise<void> {
    await run(`ip link set ${this.#name} mtu ${bytes}`);
    await run(`ip -n ${this.#name} link set cable mtu ${bytes}`);
  }

  get #name(): string {
    return nameOf(this.#number);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

function nameOf(number: number): string {
  return `gl-way-${number}`;
}

function addressOf(number: number, host: number): string {
  return `10.89.${number}.${host}`;
}

function hosts(number: number): string {
  return `127.0.0.1 localhost\n${addressOf(number, 1)} ${RELAY_HOST}\n`;
}
