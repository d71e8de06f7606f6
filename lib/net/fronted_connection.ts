import { scheduleTimeout } from "./schedule.ts";
import { closeQuietly, type Duplex } from "./splice.ts";

/** How long a peer may take to read its last answer and close. */
const LINGER_MS = 5_000;

/** A connection that a {@linkcode TlsFront} passes to its backend. */
export interface FrontedConnection<Info> {
  /** What the caller said of it. */
  readonly info: Info;
  /** When the peer was last heard, milliseconds of `performance.now()`. */
  lastHeardAt: number;
  /**
   * Bytes that the peer may still send before the connection is ended, as by `endWithAnswer`; whoever sets it
   * raises it again as the bytes are made use of. @default {Infinity}
   */
  allowance: number;
  /** Lets the connection go on past the front's `lifeMs`. */
  keep(): void;
  /** Lets the peer be silent for as long as it likes, besides. */
  keepSilent(): void;
  /**
   * Has the answer under way be the last: what the peer sends from now on is thrown away, and the connection
   * ends when the peer closes it, after a few seconds at the latest. Closed with bytes unread it would be reset,
   * and the answer lost on its way (RFC 9112 section 9.6).
   */
  endWithAnswer(): void;
  /** Ends the connection at once. */
  close(): void;
}

/** A connection, and the one to the backend that it is spliced to: itself the backend's end, for the splice. */
export class Fronted<Info> implements FrontedConnection<Info>, Duplex {
  lastHeardAt = performance.now();
  allowance = Infinity;
  /** The loopback port that it comes to the backend from, once that is known. */
  port: number | undefined;
  #callOffEnd: (() => void) | undefined;
  #mayBeSilent = false;
  #isDeaf = false;
  #backend: Deno.TcpConn | undefined;

  constructor(readonly peer: Duplex, readonly info: Info, lifeMs: number) {
    this.#callOffEnd = scheduleTimeout(() => this.close(), lifeMs);
  }

  keep(): void {
    this.#callOffEnd?.();
    this.#callOffEnd = undefined;
  }

  keepSilent(): void {
    this.keep();
    this.#mayBeSilent = true;
  }

  endWithAnswer(): void {
    if (this.#isDeaf) return;
    this.#isDeaf = true;
    this.keep();
    this.#callOffEnd = scheduleTimeout(() => this.close(), LINGER_MS);
  }

  /** Ends the connection if the peer was not heard since `limit` and has to be. */
  closeIfSilentSince(limit: number): void {
    if (!this.#mayBeSilent && this.lastHeardAt < limit) this.close();
  }

  /** The connection to the backend that this one is spliced to, closed together with it. */
  set backend(backend: Deno.TcpConn) {
    this.#backend = backend;
    this.port = backend.localAddr.port;
  }

  /** Reads what the backend says. */
  read(p: Uint8Array): Promise<number | null> {
    return this.#backend!.read(p);
  }

  /** Passes on what the peer says, or throws it away. */
  write(p: Uint8Array): Promise<number> {
    return this.#isDeaf ? Promise.resolve(p.length) : this.#backend!.write(p);
  }

  closeWrite(): Promise<void> {
    return this.#backend!.closeWrite();
  }

  /** Notes that the peer sent something; ends the connection when it was more than it may send. */
  heard(bytes: number): void {
    this.lastHeardAt = performance.now();
    this.allowance -= bytes;
    if (this.allowance < 0) this.endWithAnswer();
  }

  close(): void {
    this.keep();
    closeQuietly(this.peer);
    if (this.#backend !== undefined) closeQuietly(this.#backend);
  }
}
