/**
 * PostgreSQL as Debian has it, for tests.
 *
 * @module
 */
import { freePort } from "../../../scripts/ports.ts";
import { endProcess } from "../../../scripts/process.ts";
import { must, run } from "../../../scripts/run.ts";
import { makeCertificate, signCertificate } from "./certificates.ts";
import { childrenOf } from "./processes.ts";

/** User and group that the server runs as: it refuses root. */
const SERVER_USER = Deno.uid() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** Who the relay is to the server; only what comes over TCP has to prove it. */
const [ROLE, PASSWORD] = ["glossond", "not so secret"];

/** SQL that has a server read its settings anew. */
const RELOAD = "SELECT pg_reload_conf()";

/** A server of a test's own, on 127.0.0.1 with TLS and on a Unix socket. */
export class PostgresServer implements AsyncDisposable {
  readonly port: number;
  /** Its data, its socket and its certificate's authority. */
  readonly folder: string;
  readonly #data: string;
  readonly #programs: string;
  readonly #launcher: readonly string[];
  #process: Deno.ChildProcess | undefined;
  #databases = 0;

  private constructor(
    folder: string,
    data: string,
    programs: string,
    launcher: readonly string[] = [],
  ) {
    this.#launcher = launcher;
    this.folder = folder;
    this.port = freePort();
    this.#data = data;
    this.#programs = programs;
  }

  /**
   * @param options `data`: where that is to be, if not beside the rest; has to be empty. `launcher`: a program and its
   * arguments that start it.
   */
  static async start(
    { data, launcher }: { data?: string; launcher?: readonly string[] } = {},
  ): Promise<PostgresServer> {
    const folder = await Deno.makeTempDir({ prefix: "glossond-pg-" });
    data ??= `${folder}/data`;
    const server = new PostgresServer(folder, data, await programFolder(), launcher);
    await server.#make();
    await server.resume();
    return server;
  }

  /** Its first process; undefined while it is stopped. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** The file of the authority that signed the server's certificate, for `localhost` alone. */
  get caFile(): string {
    return `${this.folder}/ca.pem`;
  }

  /**
   * Makes an empty database; the URL that reaches it over the Unix socket.
   *
   * @param options more of SQL's CREATE DATABASE.
   */
  async createDatabase(options = ""): Promise<string> {
    const name = `test${++this.#databases}`;
    await this.psql(`CREATE DATABASE ${name} OWNER ${ROLE} ${options}`, "postgres");
    return this.urlOf(name);
  }

  /** The URL of a database, over the Unix socket. */
  urlOf(database: string): string {
    return `postgres://${ROLE}@${encodeURIComponent(this.folder)}:${this.port}/${database}`;
  }

  /** The same over TCP, by the name that its certificate is for or another one. */
  tcpUrlOf(socketUrl: string, host = "localhost"): string {
    const database = new URL(socketUrl).pathname;
    return `postgres://${ROLE}:${encodeURIComponent(PASSWORD)}@${host}:${this.port}${database}`;
  }

  /**
   * Runs SQL, or psql's own commands, as the server's superuser; what it answered, without heads.
   *
   * @param commands all by one connection.
   */
  async psql(commands: string | readonly string[], database: string): Promise<string> {
    const words = [commands].flat().flatMap((command) => ["-c", command]);
    return (await must("/usr/bin/psql", [...this.#psqlArgs(database), ...words])).trim();
  }

  #psqlArgs(database: string): string[] {
    const place = ["-h", this.folder, "-p", `${this.port}`, "-U", "postgres", "-d", database];
    return [...place, "-X", "-qAt", "-v", "ON_ERROR_STOP=1"];
  }

  /** Lets it work, again after {@linkcode stop}. */
  async resume(): Promise<void> {
    const [program, ...args] = [...this.#launcher, `${this.#programs}/postgres`, "-D", this.#data];
    this.#process = new Deno.Command(program!, {
      args,
      ...SERVER_USER,
      stdout: "null",
      stderr: "null",
    }).spawn();
    for (let tries = 0; await this.#readiness() !== 0; tries++) {
      if (tries > 400) throw new Error("PostgreSQL does not start");
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  /** Whether somebody answers, be it that it is not ready. */
  async isThere(): Promise<boolean> {
    return await this.#readiness() !== 2;
  }

  /** What pg_isready ends with: 0 ready, 1 not yet or no longer, 2 nobody there. */
  async #readiness(): Promise<number> {
    const args = ["-h", this.folder, "-p", `${this.port}`, "-t", "20", "-q"];
    return (await run(`${this.#programs}/pg_isready`, args)).code;
  }

  /** Another one with all that it has, as of a standby; both work then. */
  async copy(): Promise<PostgresServer> {
    await this.stop();
    const folder = await Deno.makeTempDir({ prefix: "glossond-pg-" });
    await must("/usr/bin/cp", ["-a", `${this.folder}/.`, folder]);
    const copy = new PostgresServer(folder, `${folder}/data`, this.#programs);
    await copy.#configure();
    await Promise.all([this.resume(), copy.resume()]);
    return copy;
  }

  /** Has it be a primary that was promoted just now, once it is a standby. */
  async promote(): Promise<void> {
    await this.psql("SELECT pg_promote()", "postgres");
  }

  /** Has it be a standby from now on, of a primary that it hears nothing of. */
  async becomeStandby(): Promise<void> {
    await this.stop();
    await Deno.writeTextFile(`${this.#data}/standby.signal`, "");
    await this.resume();
  }

  /** Ends it and the connections to it; nothing that it acknowledged is lost. */
  async stop(): Promise<void> {
    // "Fast": by SIGTERM it would wait for its clients.
    await this.#end("SIGINT");
  }

  async #end(signal: Deno.Signal): Promise<void> {
    if (this.#process !== undefined) await endProcess(this.#process, signal);
    this.#process = undefined;
  }

  /** Ends the connections to a database, as a fail-over does. */
  async endConnections(database: string): Promise<void> {
    await this.psql(endingOf(database), "postgres");
  }

  /** The same, while nothing else in this process runs. */
  endConnectionsNow(database: string): void {
    const args = [...this.#psqlArgs("postgres"), "-c", endingOf(database)];
    const { success } = new Deno.Command("/usr/bin/psql", { args, stdout: "null" }).outputSync();
    if (!success) throw new Error("psql failed");
  }

  /** Has it wait for a standby with each commit, which is not there, until it is disposed of. */
  async waitForStandby(): Promise<AsyncDisposable> {
    const set = (names: string): Promise<string> =>
      this.psql([`ALTER SYSTEM SET synchronous_standby_names = '${names}'`, RELOAD], "postgres");
    await set("nobody");
    return { [Symbol.asyncDispose]: async () => void await set("") };
  }

  /** Has its certificate be one that ended yesterday. */
  async expireCertificate(): Promise<void> {
    await signCertificate(this.folder, -1);
    await this.psql(RELOAD, "postgres");
  }

  /** Lets whoever has the password in without TLS. */
  async allowPlain(): Promise<void> {
    const line = "hostnossl all all 127.0.0.1/32 scram-sha-256\n";
    await Deno.writeTextFile(`${this.#data}/pg_hba.conf`, line, { append: true });
    await this.psql(RELOAD, "postgres");
  }

  /** Ends all of its processes at once: what is not on its way to the disk by then is lost. */
  async kill(): Promise<void> {
    const children = this.pid === undefined ? [] : await childrenOf(this.pid);
    await this.#end("SIGKILL");
    for (const child of children) {
      try {
        Deno.kill(child, "SIGKILL");
      } catch {
        // It has ended with the first one.
      }
    }
  }

  async #make(): Promise<void> {
    const data = this.#data;
    await Deno.mkdir(data, { recursive: true });
    const own = async (path: string, mode: number): Promise<void> => {
      await Deno.chmod(path, mode);
      if (SERVER_USER.uid !== undefined) await Deno.chown(path, SERVER_USER.uid, SERVER_USER.gid);
    };
    await own(data, 0o700);
    await own(this.folder, 0o755);
    await must(
      `${this.#programs}/initdb`,
      ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
      SERVER_USER,
    );
    await makeCertificate(this.folder);
    await own(`${this.folder}/key.pem`, 0o600);
    await own(`${this.folder}/cert.pem`, 0o644);
    await this.#configure();
    await Deno.writeTextFile(
      `${data}/pg_hba.conf`,
      "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n",
    );
    await must(
      `${this.#programs}/postgres`,
      ["--single", "-D", data, "postgres"],
      { ...SERVER_USER, input: `CREATE ROLE ${ROLE} LOGIN PASSWORD '${PASSWORD}'\n` },
    );
  }

  #configure(): Promise<void> {
    return Deno.writeTextFile(
      `${this.#data}/postgresql.auto.conf`,
      [
        ...["listen_addresses = '127.0.0.1'", `port = ${this.port}`, "max_connections = 60"],
        ...[`unix_socket_directories = '${this.folder}'`, "ssl = on"],
        ...[`ssl_cert_file = '${this.folder}/cert.pem'`, `ssl_key_file = '${this.folder}/key.pem'`],
        // The kernel's memory outlives what a test does to the server.
        ...["fsync = off", "shared_buffers = 16MB"],
      ].join("\n"),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** SQL that ends the connections to a database. */
function endingOf(database: string): string {
  // Each is waited for, a second at most.
  return `SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE datname = '${database}'`;
}

/** Where Debian has the programs of the newest version that is installed. */
async function programFolder(): Promise<string> {
  const versions = await Array.fromAsync(Deno.readDir("/usr/lib/postgresql"));
  const newest = Math.max(...versions.map(({ name }) => Number(name)));
  return `/usr/lib/postgresql/${newest}/bin`;
}
