import { existsSync } from "node:fs";
import { type DemoPart, FREE_PORTS, glosson, glossond, runClient } from "../demo/part.ts";
import { answers, freePort } from "../ports.ts";
import { run } from "../run.ts";
import { startServer } from "../server.ts";
import { App } from "./app.ts";
import type { Trial } from "./behaviour.ts";
import { PROXIES, type Proxy, SILENCE_S } from "./proxies.ts";
import { Wire } from "./wire.ts";

/** Name by which visitors reach the app. */
export const HOSTNAME = "kaylee.glosson.localhost";

/** How long a program may take to listen, milliseconds. */
const START_TIMEOUT_MS = 10_000;

/** A program with an app of its own behind it. */
export interface Column {
  name: string;
  version: string;
  app: App;
  port: number;
  /** PEM of the authority that signed what it shows; undefined where there is no TLS. */
  ca?: { pem: string; file: string };
  /** Starts the program again if it has ended; tells whether it had. */
  revive(): Promise<boolean>;
}

/** What every column but the direct one needs. */
export interface Ground {
  dir: string;
  /** PEM of certificate and key for {@linkcode HOSTNAME}. */
  identity: string;
  ca: { pem: string; file: string };
}

/** The relay and the client, from their command lines; the others borrow its certificate. */
export async function startGlosson(
  stack: AsyncDisposableStack,
): Promise<Column & { ground: Ground }> {
  const dir = await Deno.makeTempDir({ prefix: "glosson-behaviours-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const app = stack.use(new App());
  const relay = await glossond(dir, { settings: FREE_PORTS });
  stack.defer(() => relay.stop().then(() => {}));
  // Short limits, so that what they end can be waited for.
  const silence = ["--app-silence", String(SILENCE_S), "--visitor-silence", String(SILENCE_S)];
  const options = { args: ["--upstream", `http://127.0.0.1:${app.port}`, ...silence] };
  let client: DemoPart = await glosson(dir, relay, options);
  let ended = false;
  const watch = (part: DemoPart): void => void part.ended.then(() => ended = true);
  watch(client);
  stack.defer(() => client.stop().then(() => {}));
  const ca = { pem: await Deno.readTextFile(relay.caFile), file: relay.caFile };
  return {
    name: "glosson",
    version: "glosson",
    app,
    port: relay.ports.hub,
    ca,
    ground: { dir, identity: `${dir}/client/identity.pem`, ca },
    async revive() {
      if (!ended) return false;
      client = await runClient(dir, options);
      ended = false;
      watch(client);
      return true;
    },
  };
}

/** The app by itself. */
export function startDirect(stack: AsyncDisposableStack): Column {
  const app = stack.use(new App());
  return {
    name: "direct",
    version: "",
    app,
    port: app.port,
    revive: () => Promise.resolve(false),
  };
}

/** The proxies that are installed; `skipped` is told of the others. */
export async function startProxies(
  stack: AsyncDisposableStack,
  ground: Ground,
  skipped: (proxy: Proxy) => void,
): Promise<Column[]> {
  const columns: Column[] = [];
  for (const proxy of PROXIES) {
    if (existsSync(proxy.program)) {
      columns.push(await startProxy(stack, ground, proxy));
    } else skipped(proxy);
  }
  return columns;
}

async function startProxy(
  stack: AsyncDisposableStack,
  { dir, identity, ca }: Ground,
  proxy: Proxy,
): Promise<Column> {
  const app = stack.use(new App());
  const port = freePort();
  const folder = `${dir}/${proxy.name}`;
  await Deno.mkdir(folder);
  const file = `${folder}/config`;
  await Deno.writeTextFile(
    file,
    proxy.config({ port, app: app.port, identity, dir: folder, hostname: HOSTNAME }),
  );
  const server = stack.use(
    await startServer(proxy.name, [proxy.program, ...proxy.args(file, folder)], {
      env: { HOME: folder },
      isUp: () => answers(port),
      withinMs: START_TIMEOUT_MS,
    }),
  );
  const { text: version } = await run(proxy.program, proxy.version);
  return {
    name: proxy.name,
    version: `${proxy.name} ${/\d+\.\d+\.\d+/.exec(version)?.[0] ?? ""}`,
    app,
    port,
    ca,
    revive: () => Promise.resolve(server.hasEnded),
  };
}

/** Opens a visitor's connection to a column, which speaks HTTP/1.1. */
async function openVisitor({ port, ca }: Column): Promise<Wire> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  conn.setNoDelay(true);
  if (ca === undefined) return new Wire(conn);
  return new Wire(
    await Deno.startTls(conn, {
      hostname: HOSTNAME,
      caCerts: [ca.pem],
      alpnProtocols: ["http/1.1"],
    }),
  );
}

/** A trial with a column, and what closes all that it opened. */
export function trialWith(column: Column): { trial: Trial; end: () => void } {
  const wires: Wire[] = [];
  const ending = new AbortController();
  const url = (path: string): string => `https://${HOSTNAME}:${column.port}${path}`;
  async function fetched(program: string, args: string[]): Promise<string> {
    const { stdout, stderr } = await new Deno.Command(program, {
      args,
      stdin: "null",
      signal: ending.signal,
    }).output();
    return [stdout, stderr].map((bytes) => new TextDecoder("latin1").decode(bytes)).join("");
  }
  const trial: Trial = {
    app: column.app,
    host: `${HOSTNAME}:${column.port}`,
    isDirect: column.ca === undefined,
    async open() {
      const wire = await openVisitor(column);
      wires.push(wire);
      return wire;
    },
    curl: (path, ...args) =>
      fetched("curl", [
        ...["--http2", "--silent", "--show-error", "--include", "--path-as-is"],
        ...["--cacert", column.ca?.file ?? ""],
        ...["--resolve", `${HOSTNAME}:${column.port}:127.0.0.1`],
        ...args,
        url(path),
      ]),
    nghttp: (path, ...args) =>
      fetched("nghttp", [
        ...["--no-verify-peer", "--header", `:authority: ${HOSTNAME}:${column.port}`],
        ...args,
        `https://127.0.0.1:${column.port}${path}`,
      ]),
  };
  return {
    trial,
    end() {
      ending.abort();
      for (const wire of wires) wire.close();
      column.app.play(undefined);
    },
  };
}
