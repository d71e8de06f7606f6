import type { Duplex } from "../../../lib/net/splice.ts";

/** Bytes of a visitor's that the TLS server may have beyond what was read behind it. */
const MOST_UNREAD_BYTES = 256 * 1024;

/**
 * Passes a TLS server no more than is read of it at its other end: the runtime's takes all that comes
 * and keeps it in memory, however little of it is read.
 */
export class Pace {
  /** Bytes that were passed since somebody last waited for some; TLS's own ones with them. */
  #unread = 0;
  #reading = 0;
  #wake: (() => void) | undefined;
  #over = false;

  /** The connection to the TLS server, to which writes wait for their turn. */
  toTls(conn: Duplex): Duplex {
    return {
      read: (p) => conn.read(p),
      write: async (p) => {
        if (!this.#mayPass()) await new Promise<void>((resolve) => this.#wake = resolve);
        const n = await conn.write(p);
        this.#unread += n;
        return n;
      },
      closeWrite: () => conn.closeWrite(),
      close: () => conn.close(),
    };
  }

  /** The connection within TLS, of which reads let more come. */
  withinTls(conn: Duplex): Duplex {
    return {
      read: async (p) => {
        this.#reading++;
        this.#goOn();
        try {
          const n = await conn.read(p);
          this.#unread -= n ?? 0;
          return n;
        } finally {
          this.#reading--;
        }
      },
      write: (p) => conn.write(p),
      closeWrite: () => conn.closeWrite(),
      close: () => conn.close(),
    };
  }

  /** Lets everything pass. */
  end(): void {
    this.#over = true;
    this.#goOn();
  }

  #mayPass(): boolean {
    // Who waits has read everything: what was counted was TLS's.
    if (this.#reading > 0) this.#unread = 0;
    return this.#over || this.#unread < MOST_UNREAD_BYTES;
  }

  #goOn(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
