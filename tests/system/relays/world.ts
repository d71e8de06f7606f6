import { answers, freePort } from "../../../scripts/ports.ts";
import { startServer } from "../../../scripts/server.ts";
import { type Relay, ROOT, startRelay } from "../../stories/relay.ts";
import { shareAuthority } from "../cluster/relays.ts";
import { type Machine, startMachine } from "./machine.ts";

/** Addresses of this machine that the two stand at, and that HAProxy comes from. */
const ADDRESSES = { "relay-1": "127.0.71.1", "relay-2": "127.0.71.2" } as const;
const FRONT = "127.0.71.10";

/** Passwords of the roles, each typed twice where it is made. */
const [PASSWORD, REPLICA] = ["a password", "another"];

/** One of the two. */
export type Id = keyof typeof ADDRESSES;

/** Two machines that were set up by the guide, and HAProxy before them. */
export interface World extends AsyncDisposable {
  machines: Record<Id, Machine>;
  relays: Record<Id, Relay>;
  /** Where HAProxy listens. */
  front: number;
  /** Runs the commands of a part of the guide; `primary` is the machine to copy from. */
  follow(id: Id, heading: string, options?: FollowOptions): Promise<string>;
}

interface FollowOptions {
  /** Which of the part's blocks. @default {0} */
  block?: number;
  input?: string;
  /** The primary's name in the place of the one that the guide has. */
  primary?: Id;
}

const guide = await Deno.readTextFile(`${ROOT}examples/relays/README.md`);

/** The blocks of shell of a part of the guide. */
function blockOf(heading: string, index: number): string {
  const part = guide.slice(guide.indexOf(`\n## ${heading}\n`) + 1).split(/^## /m)[1] ?? "";
  const block = [...part.matchAll(/^```sh\n([^]*?)^```$/gm)][index]?.[1];
  if (block === undefined) throw new Error(`The guide has no block ${index} in ${heading}`);
  return block;
}

/** Goes through the guide to its end. */
export async function startWorld(): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const shared = await Deno.makeTempDir({ prefix: "glossond-root-" });
  stack.defer(() => Deno.remove(shared, { recursive: true }));
  const port = freePort();
  const hosts = Object.entries(ADDRESSES).map(([id, at]) => `${at} ${id}.example.org ${id}`)
    .join("\n");
  async function machine(id: Id): Promise<Machine> {
    return stack.use(
      await startMachine({ name: `${id}.example.org`, hosts, shared, port }),
    );
  }
  const [one, two] = await Promise.all([machine("relay-1"), machine("relay-2")]);
  const machines = { "relay-1": one, "relay-2": two };
  const follow: World["follow"] = (id, heading, { block = 0, input, primary } = {}) => {
    let commands = blockOf(heading, block).replace("apt-get install -y postgresql\n", "");
    if (primary !== undefined) {
      commands = commands.replace(/host=relay-\d/, `host=${primary}`);
    }
    return machines[id].shell(commands, input);
  };
  await follow("relay-1", "1. Certificates");
  await Promise.all([
    follow("relay-1", "2. The primary"),
    follow("relay-2", "2. The primary"),
  ]);
  // A program takes all that it is given to read.
  for (const line of blockOf("2. The primary", 1).trim().split("\n")) {
    const password = line.includes("replica") ? REPLICA : PASSWORD;
    await one.shell(`cd /; ${line}`, `${password}\n${password}\n`);
  }
  await follow("relay-2", "3. The standby", { input: `${REPLICA}\n` });
  const [relays, ports] = await startBoth(stack, machines, port);
  const front = await startFront(stack, ports);
  const started = stack.move();
  return { machines, relays, front, follow, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

/** The password of `replica`, as {@linkcode World.follow} types it. */
export const REPLICA_INPUT = `${REPLICA}\n`;

type Ports = Record<Id, { hub: number; control: number }>;

/** Starts a relay on each machine, with the settings and the line of secrets that the guide has. */
async function startBoth(
  stack: AsyncDisposableStack,
  machines: World["machines"],
  port: number,
): Promise<[World["relays"], Ports]> {
  const example = await Deno.readTextFile(`${ROOT}examples/relays/settings.example`);
  const [, url] = /^DATABASE_URL=(.*)$/m.exec(guide) ?? [];
  const address = url!.replace("PASSWORD", encodeURIComponent(PASSWORD))
    .replaceAll(".example.org", `.example.org:${port}`);
  const ports = { "relay-1": newPorts(), "relay-2": newPorts() };
  let first: Relay | undefined;
  async function start(id: Id): Promise<Relay> {
    const dir = await Deno.makeTempDir({ prefix: `glossond-${id}-` });
    if (first !== undefined) {
      await shareAuthority(first, dir);
      await Deno.symlink(first.biosDir, `${dir}/bios`);
    }
    await Deno.writeTextFile(`${dir}/.secrets`, `DATABASE_URL="${address}"\n`, { mode: 0o600 });
    const file = `${dir}/settings`;
    await Deno.writeTextFile(file, example.replaceAll("relay-1", id));
    const relay = await startRelay({
      dir,
      launcher: machines[id].launcher,
      settings: {
        SETTINGS_FILE: file,
        // Where a client of the test's finds it.
        PUBLIC_DATA_HOST: "127.0.0.1",
        PROXY_PROTOCOL_FROM: FRONT,
        HUB_PORT: `${ports[id].hub}`,
        CONTROL_PORT: `${ports[id].control}`,
      },
    });
    stack.defer(async () => {
      await relay.stop();
      await Deno.remove(dir, { recursive: true });
    });
    first ??= relay;
    return relay;
  }
  return [{ "relay-1": await start("relay-1"), "relay-2": await start("relay-2") }, ports];
}

function newPorts(): { hub: number; control: number } {
  return { hub: freePort(), control: freePort() };
}

/** Starts HAProxy by the guide's file, at ports that are free. */
async function startFront(stack: AsyncDisposableStack, ports: Ports): Promise<number> {
  const front = freePort();
  let text = await Deno.readTextFile(`${ROOT}examples/relays/haproxy.cfg`);
  for (const [i, id] of (["relay-1", "relay-2"] as const).entries()) {
    text = text
      .replaceAll(`10.0.0.${i + 1}:4430`, `127.0.0.1:${ports[id].hub}`)
      .replaceAll(`10.0.0.${i + 1}:9443`, `127.0.0.1:${ports[id].control}`);
  }
  text = text
    .replace("bind :::443 v4v6", `bind 127.0.0.1:${front}`)
    .replace("default-server", `$& source ${FRONT}`)
    // Programs of a test find no name below it.
    .replace("relay.glosson.example.org", "localhost")
    .replace("    log /dev/log local0 notice\n", "");
  const file = await Deno.makeTempFile({ prefix: "glossond-haproxy-", suffix: ".cfg" });
  stack.defer(() => Deno.remove(file));
  await Deno.writeTextFile(file, text);
  stack.use(
    await startServer("HAProxy", ["/usr/sbin/haproxy", "-db", "-f", file], {
      isUp: () => answers(front),
      withinMs: 10_000,
    }),
  );
  return front;
}
