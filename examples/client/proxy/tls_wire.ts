import { Duplex as Stream } from "node:stream";
import { closeQuietly, type Duplex, writeAll } from "../../../lib/net/splice.ts";
import type { Pace } from "../front/pace.ts";

/** Bytes that are read of a connection at once, of which each idle one keeps as many: a record of TLS. */
const READ_BYTES = 16 * 1024;

/**
 * A connection as the stream below a TLS socket of Node's, read no faster than what is within TLS is:
 * of one that it opens by itself, the runtime takes in and keeps all that comes.
 */
export class TlsWire extends Stream {
  readonly #conn: Duplex;
  readonly #pace: Pace;
  readonly #below: Pick<Duplex, "write"> = {
    write: (bytes) => {
      this.push(bytes);
      return Promise.resolve(bytes.length);
    },
  };
  #begun = false;
  /** Whether no more comes of the server. */
  #ended = false;

  /** @param conn to the server; closed with the stream. */
  constructor(conn: Duplex, pace: Pace) {
    super({ allowHalfOpen: true });
    this.#conn = conn;
    this.#pace = pace;
    // The TLS socket ends with it, and says so.
    this.on("error", () => {});
  }

  override _read(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#pump().catch((error) => this.destroy(error));
  }

  override _write(chunk: Uint8Array, _: string, settle: (error?: Error) => void): void {
    writeAll(this.#conn, chunk).then(() => settle(), (error) => this.#untaken(error, settle));
  }

  override _final(settle: (error?: Error) => void): void {
    this.#conn.closeWrite().then(() => settle(), (error) => this.#untaken(error, settle));
  }

  /**
   * A server that takes no more may have answered before: the stream would fall, and with it what was not read
   * yet. Reading comes to the end, or to the failure, by itself.
   */
  #untaken(error: Error, settle: (error?: Error) => void): void {
    settle(this.#ended ? error : undefined);
  }

  override _destroy(error: Error | null, settle: (error?: Error | null) => void): void {
    closeQuietly(this.#conn);
    this.#pace.end();
    settle(error);
  }

  async #pump(): Promise<void> {
    const tls: Pick<Duplex, "write"> = { write: (bytes) => this.#pace.paced(this.#below, bytes) };
    while (true) {
      // Each its own: the stream keeps what it is given.
      const bytes = new Uint8Array(READ_BYTES);
      const n = await this.#conn.read(bytes);
      if (n === null) break;
      await writeAll(tls, bytes.subarray(0, n));
    }
    this.#ended = true;
    this.push(null);
  }
}
