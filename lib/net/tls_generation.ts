import { Fronted, type FrontedConnection } from "./fronted_connection.ts";
import { KnownPorts } from "./known_ports.ts";
import { settleWithin } from "./pause.ts";
import { closeQuietly, writeAll } from "./splice.ts";
import type { CertificatePair, TlsBackend } from "./tls_backend.ts";

/** How long a server may take to stop; a peer that says nothing could hold it up for ever. */
const STOP_LIMIT_MS = 2_000;

/**
 * Starts a backend for a certificate. `find` tells its handler what a connection is; `isOwn` tells the
 * front's connections from those of others, for whom the backend has nothing.
 */
export type StartBackend<Info> = (
  pair: CertificatePair,
  find: (port: number) => FrontedConnection<Info> | undefined,
  isOwn: (port: number) => Promise<boolean>,
) => Promise<TlsBackend> | TlsBackend;

/**
 * A backend for one certificate, and its connections by the loopback port that they come from. A port
 * says which one only together with the backend: the kernel gives the same one to connections to
 * different places.
 */
export class TlsGeneration<Info> {
  readonly #backend: TlsBackend;
  readonly #connections: Map<number, Fronted<Info>>;
  readonly #ports: KnownPorts;
  #active = 0;

  private constructor(
    backend: TlsBackend,
    connections: Map<number, Fronted<Info>>,
    ports: KnownPorts,
  ) {
    this.#backend = backend;
    this.#connections = connections;
    this.#ports = ports;
  }

  /** Starts one; as `start` throws. */
  static async start<Info>(
    start: StartBackend<Info>,
    pair: CertificatePair,
  ): Promise<TlsGeneration<Info>> {
    const connections = new Map<number, Fronted<Info>>();
    const ports = new KnownPorts();
    const backend = await start(
      pair,
      (port) => connections.get(port),
      (port) => ports.isOwn(port),
    );
    return new TlsGeneration(backend, connections, ports);
  }

  /** Settles when the backend stops, by itself or by {@linkcode TlsGeneration.stop}. */
  get finished(): Promise<void> {
    return this.#backend.finished;
  }

  /** Connections passed to it, also those that are on their way there. */
  get active(): number {
    return this.#active;
  }

  /** Those that are there. */
  connections(): Iterable<Fronted<Info>> {
    return this.#connections.values();
  }

  /**
   * Connects to the backend and sends `head`; counts among the active until it leaves.
   *
   * @returns whether the backend accepted in time.
   * @throws {Error} when it cannot be reached.
   */
  async open(fronted: Fronted<Info>, head: Uint8Array): Promise<boolean> {
    this.#active++;
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: this.#backend.port });
    fronted.backend = conn;
    conn.setNoDelay(true);
    const { port } = conn.localAddr;
    // Before the first byte: the handler may run as soon as it has one.
    this.#connections.set(port, fronted);
    const accepted = this.#ports.add(port);
    if (head.length > 0) await writeAll(conn, head);
    if (await accepted) return true;
    closeQuietly(conn);
    return false;
  }

  /** A connection has ended here, or could not be opened. */
  leave({ port }: Fronted<Info>): void {
    this.#active--;
    if (port === undefined) return;
    this.#connections.delete(port);
    this.#ports.delete(port);
  }

  /** See {@linkcode TlsBackend.endKept}. */
  endKept(): void {
    this.#backend.endKept();
  }

  /** Closes the backend and its connections. Never rejects. */
  async stop(): Promise<void> {
    await settleWithin(STOP_LIMIT_MS, [this.#backend.stop()]);
  }
}
