import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";
import { splice } from "../../lib/net/splice.ts";
import { acceptLoop } from "../../lib/net/accept_loop.ts";
import { type DemoRelay, FREE_PORTS, glosson, glossond } from "../demo/part.ts";
import { LoggedProcess } from "../logged_process.ts";
import { answers } from "../ports.ts";
import { type Ran, run } from "../run.ts";
import { startServer } from "../server.ts";

const BASE = "glosson.localhost";

/** The client in Python. */
const PYTHON_CLIENT = fileURLToPath(new URL("../../examples/python/", import.meta.url));

/** How long a server of a suite may take to listen, milliseconds. */
const LISTEN_MS = 30_000;

/** Options for {@linkcode World.run} and {@linkcode World.start}. */
export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Ends the program after this, milliseconds. @default the suite's own limit */
  limitMs?: number;
}

/** Where an app is to be reached, with and without glosson. */
export interface Way {
  /** `http://NAME.BASE:PORT` or `https://NAME.BASE:PORT`. */
  url: string;
  hostname: string;
  port: number;
}

/** What suites have in common: the relay, names that resolve, and an end to all that they start. */
export class World {
  /** A folder of the suite's own. */
  readonly dir: string;
  readonly caFile: string;
  readonly ca: string;
  readonly relay: DemoRelay;
  readonly base = BASE;
  readonly #stack: AsyncDisposableStack;
  readonly #hosts: string;
  readonly #signal: AbortSignal;
  readonly #shared: string;

  /** @param stack closes what the suite starts; @param signal aborted when its time is over. */
  constructor(
    ground: { relay: DemoRelay; ca: string; dir: string; hosts: string },
    suite: { dir: string; stack: AsyncDisposableStack; signal: AbortSignal },
  ) {
    this.relay = ground.relay;
    this.caFile = ground.relay.caFile;
    this.ca = ground.ca;
    this.dir = suite.dir;
    this.#shared = ground.dir;
    this.#hosts = ground.hosts;
    this.#stack = suite.stack;
    this.#signal = suite.signal;
  }

  /** The command that runs a program where the names under the base are known. */
  #named(argv: string[]): string[] {
    const mount = 'mount --bind "$0" /etc/hosts && exec "$@"';
    const unshare = ["unshare", "--mount", "--propagation", "private"];
    return [...unshare, "sh", "-c", mount, this.#hosts, ...argv];
  }

  /** Where a program runs, and by what environment it trusts the relay's authority. */
  #settings({ cwd, env }: RunOptions): Pick<Deno.CommandOptions, "cwd" | "env"> {
    return {
      cwd: cwd ?? this.dir,
      env: {
        SSL_CERT_FILE: this.caFile,
        REQUESTS_CA_BUNDLE: this.caFile,
        CURL_CA_BUNDLE: this.caFile,
        NODE_EXTRA_CA_CERTS: this.caFile,
        GIT_SSL_CAINFO: this.caFile,
        HOME: this.dir,
        ...env,
      },
    };
  }

  /** Runs a program to its end; -1 as its code when its time was over. */
  async run(argv: string[], options: RunOptions = {}): Promise<Ran> {
    const { limitMs } = options;
    const signal = limitMs === undefined
      ? this.#signal
      : AbortSignal.any([this.#signal, AbortSignal.timeout(limitMs)]);
    const [program = "", ...args] = this.#named(argv);
    const ran = await run(program, args, { ...this.#settings(options), signal });
    return signal.aborted ? { ...ran, code: -1 } : ran;
  }

  /** Starts a server that is ended with the suite, and waits until it listens at `port`. */
  async start(argv: string[], port: number, options: RunOptions = {}): Promise<void> {
    const server = await startServer(argv[0]!, this.#named(argv), {
      ...this.#settings(options),
      signal: this.#signal,
      isUp: () => answers(port),
      withinMs: LISTEN_MS,
    });
    this.#stack.use(server);
  }

  /** Puts a client in front of the app at `port`, and tells both ways to it. */
  async ways(name: string, port: number): Promise<[direct: Way, through: Way]> {
    const app = `http://127.0.0.1:${port}`;
    const through = await this.client(name, ["--upstream", app]);
    const { hostname } = through;
    return [{ url: `http://${hostname}:${port}`, hostname, port }, through];
  }

  /** Starts a client with these arguments of `run`, and tells the way to its page. */
  async client(name: string, args: string[]): Promise<Way> {
    const client = await glosson(this.#shared, this.relay, { name: userOf(name), args });
    this.#stack.defer(() => client.stop().then(() => {}));
    return this.#wayTo(name);
  }

  /** The same with the client in Python, which this Python runs. */
  async pythonClient(name: string, python: string, args: string[]): Promise<Way> {
    const user = userOf(name);
    const state = ["--state", `${this.#shared}/client-${user}`];
    const glosson = [python, "-m", "glosson"];
    const relay = ["--relay", `https://localhost:${this.relay.ports.control}`, "--ca", this.caFile];
    const bio = ["--bio-file", `${this.#shared}/bios/${user}.txt`];
    const options = { cwd: PYTHON_CLIENT, env: { PYTHONDONTWRITEBYTECODE: "1" } };
    const setup = await this.run([...glosson, "setup", user, ...relay, ...bio, ...state], options);
    if (setup.code !== 0) throw new Error(`Cannot set up the client: ${setup.text.slice(-300)}`);
    const client = new LoggedProcess([...glosson, "run", ...state, ...args], options);
    this.#stack.defer(() => client.stop().then(() => {}));
    await client.log.first((line) => line.includes("Online"), "that it is online");
    return this.#wayTo(name);
  }

  #wayTo(name: string): Way {
    const hostname = `${userOf(name)}.${BASE}`;
    const { hub: port } = this.relay.ports;
    return { url: `https://${hostname}:${port}`, hostname, port };
  }

  /** PEM of the certificate and key of a name's client. */
  identityOf(name: string): string {
    return `${this.#shared}/client-${userOf(name)}/identity.pem`;
  }

  /** The token of a name's client. */
  async tokenOf(name: string): Promise<string> {
    const account = await Deno.readTextFile(`${this.#shared}/client-${userOf(name)}/account.json`);
    return (JSON.parse(account) as { token: string }).token;
  }

  /**
   * Opens a port on which a name's TLS is found without it: for programs that cannot be told a
   * name, or trust no authority.
   *
   * @param fields put into the first request of each connection, for programs that send none of their own.
   */
  withoutTls(
    hostname: string,
    port: number,
    protocol: "h2" | "http/1.1",
    fields: readonly string[] = [],
  ): number {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const stopping = new AbortController();
    const serve = async (conn: Deno.TcpConn): Promise<void> => {
      try {
        const outer = await Deno.connect({ hostname: "127.0.0.1", port });
        outer.setNoDelay(true);
        conn.setNoDelay(true);
        const tls = await Deno.startTls(outer, {
          hostname,
          caCerts: [this.ca],
          alpnProtocols: [protocol],
        });
        const backwardHead = fields.length > 0 ? await readHead(conn, fields) : undefined;
        await splice(tls, conn, { signal: stopping.signal, ...(backwardHead && { backwardHead }) });
      } catch {
        conn.close();
      }
    };
    acceptLoop({
      accept: () => listener.accept(),
      onConnection: (conn) => void serve(conn as Deno.TcpConn),
      onError() {},
      signal: stopping.signal,
    });
    this.#stack.defer(() => {
      stopping.abort();
      listener.close();
    });
    return listener.addr.port;
  }
}

/** Reads the beginning of a request, and puts fields behind its first line. */
async function readHead(conn: Deno.Conn, fields: readonly string[]): Promise<Uint8Array> {
  const chunk = new Uint8Array(16 * 1024);
  let text = "";
  while (!text.includes("\r\n")) {
    const n = await conn.read(chunk);
    if (n === null) break;
    text += Buffer.from(chunk.subarray(0, n)).toString("latin1");
  }
  const whole = text.replace("\r\n", ["", ...fields, ""].join("\r\n"));
  return Uint8Array.from(whole, (c) => c.charCodeAt(0));
}

/** The user whose client a suite has; some suites' names are kept back by relays. */
function userOf(suite: string): string {
  return `with-${suite}`;
}

/** What a suite's client in Python is called, where the suite has both. */
export function inPython(suite: string): string {
  return `${suite}-py`;
}

/** Starts the relay, and a file that tells the addresses of these names. */
export async function startGround(
  stack: AsyncDisposableStack,
  names: string[],
): Promise<ConstructorParameters<typeof World>[0]> {
  const dir = await Deno.makeTempDir({ prefix: "glosson-outside-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const relay = await glossond(dir, {
    settings: { ...FREE_PORTS, GLOSSOND_CLAIMS_PER_HOUR: "1000" },
  });
  stack.defer(() => relay.stop().then(() => {}));
  const hosts = `${dir}/hosts`;
  const users = names.flatMap((name) => [userOf(name), userOf(inPython(name))]);
  const known = [BASE, `relay.${BASE}`, ...users.map((user) => `${user}.${BASE}`)];
  await Deno.writeTextFile(hosts, `127.0.0.1 localhost ${known.join(" ")}\n`);
  return { dir, relay, ca: await Deno.readTextFile(relay.caFile), hosts };
}
