import { scheduleTimeout } from "./schedule.ts";

/** Connections of other users of the machine, and of nobody yet, that a listener has at once. */
const MAX_UNKNOWN = 64;

/** Those of all listeners above which a full one is not given up for another. */
const MAX_UNKNOWN_IN_ALL = 256;

/** How long a listener may be full of them before it is given up. */
const CROWDED_MS = 2_000;

/** Where this process connects from. Other users can have its ports at further loopback addresses. */
const OWN_ADDRESS = "127.0.0.1";

/** Connections to all listeners that are not known to be this process's own. */
let unknownInAll = 0;

/**
 * Accepts TLS connections on loopback for a server that is there for this process alone.
 *
 * Any user of the machine can connect to a loopback port, and the runtime cannot close a TLS connection
 * whose handshake has not begun: those of others stay until they end it. So while there are
 * {@linkcode MAX_UNKNOWN} none is accepted, and what then waits takes none of the process's descriptors.
 */
export class Doorkeeper {
  readonly #listener: Pick<Deno.TlsListener, "accept">;
  readonly #isOwn: (port: number) => Promise<boolean>;
  readonly #crowded = Promise.withResolvers<never>();
  #unknown = 0;
  #wake = (): void => {};

  /** @param isOwn whether a connection from a port is this process's; it need not know at once. */
  constructor(
    listener: Pick<Deno.TlsListener, "accept">,
    isOwn: (port: number) => Promise<boolean>,
  ) {
    this.#listener = listener;
    this.#isOwn = isOwn;
  }

  /** Rejects when others hold all that it accepts: the listener is of no use any more. */
  get crowded(): Promise<never> {
    return this.#crowded.promise;
  }

  /** Accepts the next connection, which is to be admitted. */
  async accept(): Promise<Deno.TlsConn> {
    if (this.#unknown >= MAX_UNKNOWN) {
      const callOff = scheduleTimeout(() => {
        if (unknownInAll >= MAX_UNKNOWN_IN_ALL) return;
        this.#crowded.reject(new Error("other users of this machine hold its connections"));
      }, CROWDED_MS);
      await new Promise<void>((resolve) => this.#wake = resolve);
      callOff();
    }
    return await this.#listener.accept();
  }

  /**
   * Whether a connection is this process's own; the caller closes one that is not.
   *
   * @throws {Error} of the handshake of one that is not.
   */
  async admit(conn: Deno.TlsConn): Promise<boolean> {
    this.#unknown++;
    unknownInAll++;
    try {
      const { hostname, port } = conn.remoteAddr;
      if (hostname === OWN_ADDRESS && await this.#isOwn(port)) return true;
      // Only now can it be closed.
      await conn.handshake();
      return false;
    } finally {
      this.#unknown--;
      unknownInAll--;
      this.#wake();
    }
  }

  /** Ends the wait of an `accept`: the listener is closed. */
  stop(): void {
    this.#wake();
  }
}
