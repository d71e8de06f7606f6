import type { Duplex } from "../../../lib/net/splice.ts";
import { Turnstile } from "../../../lib/net/turnstile.ts";

/** Bytes that an end of TLS may have beyond what was read behind it, and most that it is passed in a row. */
const MOST_UNREAD_BYTES = 256 * 1024;

/** How long what was passed takes to be read, if anything is left of it and somebody waits; milliseconds. */
const DELIVERY_MS = 3;

/**
 * Who has passed as many in a row waits for their turn, all connections together: while one with data goes on and on,
 * the runtime (Deno 2.9) accepts nobody new at the TLS server for seconds. Up to 4 Gb/s pass so, more than there is of
 * processors for.
 */
const turns = new Turnstile({ everyMs: 1, atOnce: 2 });

/**
 * Passes an end of TLS no more than is read of it at its other side: the runtime's take all that comes
 * and keep it in memory, however little of it is read.
 */
export class Pace {
  /** Bytes that were passed and not read; TLS's own are among them. */
  #unread = 0;
  /** Bytes that were passed in a row. */
  #run = 0;
  #reading = 0;
  #wake: (() => void) | undefined;
  #over = false;

  /** The connection to the TLS server, to which writes wait for their turn. */
  toTls(conn: Duplex): Duplex {
    return {
      read: (p) => conn.read(p),
      write: (p) => this.paced(conn, p),
      closeWrite: () => conn.closeWrite(),
      close: () => conn.close(),
    };
  }

  /** Writes some of this to a TLS end when it is its turn; resolves to how many bytes. */
  async paced(end: Pick<Duplex, "write">, bytes: Uint8Array): Promise<number> {
    while (!this.#over && this.#unread >= MOST_UNREAD_BYTES) await this.#turn();
    if (this.#run >= MOST_UNREAD_BYTES) {
      this.#run = 0;
      await turns.pass();
    }
    const n = await end.write(bytes.subarray(0, MOST_UNREAD_BYTES));
    this.#unread += n;
    this.#run += n;
    return n;
  }

  /** The connection within TLS, of which reads let more come. */
  withinTls(conn: Duplex): Duplex {
    return {
      read: async (p) => {
        this.#reading++;
        this.#goOn();
        try {
          const n = await conn.read(p);
          this.#unread = Math.max(0, this.#unread - (n ?? 0));
          return n;
        } finally {
          this.#reading--;
          this.#goOn();
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

  /** Waits for a read to begin or end; where one waits and gets nothing, nothing is left but TLS's own. */
  #turn(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#reading === 0 ? undefined : setTimeout(() => {
        this.#unread = 0;
        this.#goOn();
      }, DELIVERY_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #goOn(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
