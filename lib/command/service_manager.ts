/** Where a service manager listens, and how often it wants to hear from its service. */
export interface ServiceManagerOptions {
  /** Path of its socket: `NOTIFY_SOCKET`. */
  socket: string;
  /** Silence after which it takes the service for stuck, milliseconds; from `WATCHDOG_USEC`. */
  watchdogMs?: number;
}

/** Longest time between two messages: how old a status may be, milliseconds. */
const LONGEST_PAUSE_MS = 10_000;

/**
 * Tells the service manager how the relay stands: sd_notify(3), for a unit of `Type=notify`.
 *
 * It hears from the relay at least twice within the watchdog's time, by a timer of the event loop: one
 * that is stuck is noticed.
 */
export class ServiceManager {
  readonly #options: ServiceManagerOptions;
  readonly #conn: Deno.DatagramConn;
  readonly #beat: ReturnType<typeof setInterval>;
  #status = (): string => "starting";

  /**
   * @param ownPath a free path for a socket of the relay's, which is gone at once.
   * @throws {Error} when that cannot be made.
   */
  constructor(options: ServiceManagerOptions, ownPath: string) {
    this.#options = options;
    this.#conn = Deno.listenDatagram({ transport: "unixpacket", path: ownPath });
    // Nobody answers, so nobody needs to find it; and nothing is left behind by whoever is killed.
    Deno.removeSync(ownPath);
    const pauseMs = Math.min(LONGEST_PAUSE_MS, (options.watchdogMs ?? Infinity) / 2);
    this.#beat = setInterval(() => this.#send("WATCHDOG=1"), pauseMs);
  }

  /** The relay is ready. @param status tells how it is, in one line; asked again and again. */
  ready(status: () => string): Promise<void> {
    this.#status = status;
    return this.#send("READY=1");
  }

  /** The relay stops, within the unit's `TimeoutStopSec`. */
  stopping(): Promise<void> {
    this.#status = () => "stopping";
    return this.#send("STOPPING=1");
  }

  /** Ends it; nothing is said any more. */
  close(): void {
    clearInterval(this.#beat);
    this.#conn.close();
  }

  async #send(state: string): Promise<void> {
    const { socket } = this.#options;
    const text = `${state}\nSTATUS=${this.#status().replaceAll("\n", " ")}\n`;
    // A name that begins with @ is one of the kernel's, without a file (unix(7)).
    const path = socket.replace(/^@/, "\0");
    const to: Deno.UnixAddr = { transport: "unixpacket", path };
    // Nobody there is no reason not to run.
    await this.#conn.send(new TextEncoder().encode(text), to).catch(() => {});
  }
}
