/**
 * Several relays of one BASE over Debian's PostgreSQL, behind its HAProxy, for tests.
 *
 * @module
 */
import { answers, freePort } from "../../../scripts/ports.ts";
import { startServer } from "../../../scripts/server.ts";
import { type Relay, startRelay } from "../../stories/relay.ts";
import { visit } from "../../stories/user.ts";
import { PostgresServer } from "../postgres/server.ts";

const HAPROXY = "/usr/sbin/haproxy";

/** Relays that serve BASE together. */
export interface Cluster extends AsyncDisposable {
  database: PostgresServer;
  /** Where the database is. */
  url: string;
  /** By id. */
  all: Record<string, Relay>;
  /** Starts a relay, at the ports that it has had if it did run; or in the place of the one that runs. */
  start(id: string, takeover?: boolean): Promise<Relay>;
}

/** Relays behind a front. */
export interface Relays extends Cluster {
  /** Where the front takes visitors, and clients to be at a relay as long as that is there. */
  front: { visitors: number; control: Record<string, number> };
}

/** Options for {@linkcode startCluster}. */
export interface ClusterOptions {
  /** Whoever hands it in disposes of it, after the relays. @default {one of their own} */
  database?: PostgresServer;
  /** Settings of a relay, without their prefix. */
  settings?: (id: string) => Record<string, string>;
  /** A program and its arguments that start a relay. */
  launcher?: (id: string) => string[];
  /** A module to load before a relay's own. */
  preload?: (id: string) => string | undefined;
  /** The URL that relays reach a database by. @default over the server's Unix socket */
  urlOf?: (socketUrl: string) => Promise<string>;
}

/** Starts a database, and a relay of each id. */
export async function startCluster(
  ids: readonly string[],
  options: ClusterOptions = {},
): Promise<Cluster> {
  const { settings = () => ({}), launcher = () => [], urlOf } = options;
  await using stack = new AsyncDisposableStack();
  const database = options.database ?? stack.use(await PostgresServer.start());
  const url = await database.createDatabase();
  const reached = await urlOf?.(url) ?? url;
  const ports = new Map(ids.map((id) => [id, { hub: freePort(), control: freePort() }]));
  const first = ids[0]!;
  const all: Record<string, Relay> = {};
  async function start(id: string, takeover = false): Promise<Relay> {
    const { hub, control } = ports.get(id)!;
    const dir = all[id]?.dir ?? await Deno.makeTempDir({ prefix: `glossond-${id}-` });
    if (id !== first && all[id] === undefined) await shareAuthority(all[first]!, dir);
    await Deno.writeTextFile(`${dir}/.secrets`, `DATABASE_URL="${reached}"\n`, { mode: 0o600 });
    const own = { RELAY_ID: id, HUB_PORT: `${hub}`, CONTROL_PORT: `${control}` };
    const preload = options.preload?.(id);
    return all[id] = await startRelay({
      ...(preload !== undefined && { preload }),
      ...{ dir, takeover, launcher: launcher(id) },
      settings: { ...own, ...settings(id) },
    });
  }
  for (const id of ids) {
    const relay = await start(id);
    stack.defer(async () => {
      await all[id]!.stop();
      await Deno.remove(relay.dir, { recursive: true });
    });
  }
  const started = stack.move();
  return { database, url, all, start, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

/** Starts a database, a relay of each id, and a front before them. */
export async function startRelays(ids: readonly string[]): Promise<Relays> {
  await using stack = new AsyncDisposableStack();
  const cluster = stack.use(await startCluster(ids));
  const ports = new Map(
    Object.entries(cluster.all).map(([id, { ports }]) => [
      id,
      { hub: ports.hub!, control: ports.control! },
    ]),
  );
  const front = {
    visitors: freePort(),
    control: Object.fromEntries(ids.map((id) => [id, freePort()])),
  };
  stack.use(await startFront(front, ports));
  const started = stack.move();
  return { ...cluster, front, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

/** HAProxy that hands each visitor to the next relay, and clients to the one of their port. */
async function startFront(
  { visitors, control }: Relays["front"],
  relays: Map<string, { hub: number; control: number }>,
): Promise<AsyncDisposable> {
  const file = await Deno.makeTempFile({ prefix: "glossond-haproxy-", suffix: ".cfg" });
  const servers = (kind: "hub" | "control", first?: string): string =>
    [...relays].map(([id, ports]) =>
      `  server ${id} 127.0.0.1:${ports[kind]} check inter 200 fall 1 rise 1${
        first === undefined || first === id ? "" : " backup"
      }`
    ).join("\n");
  await Deno.writeTextFile(
    file,
    `
defaults
  mode tcp
  balance roundrobin
  option redispatch 1
  retries 3
  timeout connect 2s
  timeout client 60s
  timeout server 60s
listen visitors
  bind 127.0.0.1:${visitors}
${servers("hub")}
${
      Object.entries(control).map(([id, port]) =>
        `listen ${id}\n  bind 127.0.0.1:${port}\n${servers("control", id)}\n`
      ).join("")
    }`,
  );
  const haproxy = await startServer("HAProxy", [HAPROXY, "-db", "-f", file], {
    isUp: () => answers(visitors),
    withinMs: 10_000,
  });
  return {
    async [Symbol.asyncDispose]() {
      await haproxy[Symbol.asyncDispose]();
      await Deno.remove(file);
    },
  };
}

/** Has one authority sign for all relays, as Let's Encrypt does where it is no trial: before one starts in `dir`. */
export async function shareAuthority({ stateDir }: Relay, dir: string): Promise<void> {
  await Deno.mkdir(`${dir}/state`, { mode: 0o700 });
  for (const name of ["local-ca.pem", "local-ca-key.pem"]) {
    await Deno.copyFile(`${stateDir}/${name}`, `${dir}/state/${name}`);
  }
}

/** A relay as it is reached by way of a front. */
export function throughFront(relay: Relay, front: { hub: number; control: number }): Relay {
  return { ...relay, ports: { ...relay.ports, ...front } };
}

/** The status that a page has at a relay. */
export async function statusAt(relay: Relay, hostname: string): Promise<number> {
  return (await visit(relay, hostname)).status;
}
