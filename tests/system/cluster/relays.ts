/**
 * Several relays of one BASE over Debian's PostgreSQL, behind its HAProxy, for tests.
 *
 * @module
 */
import { answers, freePort } from "../../../scripts/ports.ts";
import { startServer } from "../../../scripts/server.ts";
import { type Relay, startRelay } from "../../stories/relay.ts";
import { PostgresServer } from "../postgres/server.ts";

const HAPROXY = "/usr/sbin/haproxy";

/** Relays that serve BASE together. */
export interface Relays extends AsyncDisposable {
  database: PostgresServer;
  /** By id. */
  all: Record<string, Relay>;
  /** Where the front takes visitors, and clients to be at a relay as long as that is there. */
  front: { visitors: number; control: Record<string, number> };
  /** Starts a relay, at the ports that it has had if it did run; or in the place of the one that runs. */
  start(id: string, takeover?: boolean): Promise<Relay>;
}

/** Starts a database, a relay of each id, and a front before them. */
export async function startRelays(ids: readonly string[]): Promise<Relays> {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await PostgresServer.start());
  const url = await database.createDatabase();
  const ports = new Map(ids.map((id) => [id, { hub: freePort(), control: freePort() }]));
  const first = ids[0]!;
  const all: Record<string, Relay> = {};
  async function start(id: string, takeover = false): Promise<Relay> {
    const { hub, control } = ports.get(id)!;
    const dir = all[id]?.dir ?? await Deno.makeTempDir({ prefix: `glossond-${id}-` });
    if (id !== first && all[id] === undefined) {
      // One authority signs for all, as Let's Encrypt does where it is no trial.
      await Deno.mkdir(`${dir}/state`, { mode: 0o700 });
      for (const name of ["local-ca.pem", "local-ca-key.pem"]) {
        await Deno.copyFile(`${all[first]!.stateDir}/${name}`, `${dir}/state/${name}`);
      }
    }
    await Deno.writeTextFile(`${dir}/.secrets`, `DATABASE_URL="${url}"\n`, { mode: 0o600 });
    const settings = { RELAY_ID: id, HUB_PORT: `${hub}`, CONTROL_PORT: `${control}` };
    return all[id] = await startRelay({ dir, settings, takeover });
  }
  for (const id of ids) {
    const relay = await start(id);
    stack.defer(async () => {
      await all[id]!.stop();
      await Deno.remove(relay.dir, { recursive: true });
    });
  }
  const front = {
    visitors: freePort(),
    control: Object.fromEntries(ids.map((id) => [id, freePort()])),
  };
  stack.use(await startFront(front, ports));
  const started = stack.move();
  return { database, all, front, start, [Symbol.asyncDispose]: () => started.disposeAsync() };
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

/** A relay as it is reached by way of the front. */
export function throughFront({ all, front }: Relays, id: string): Relay {
  const relay = all[id]!;
  const ports = { ...relay.ports, hub: front.visitors, control: front.control[id]! };
  return { ...relay, ports };
}
