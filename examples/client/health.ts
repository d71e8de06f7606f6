import type { Log } from "../../lib/log.ts";
import type { Transport } from "./data_line.ts";
import type { DataPathReport } from "./data_path.ts";
import type { PageVerdict, RunningState } from "./records.ts";
import type { State } from "./state.ts";

/** Options for {@linkcode Health}. */
export interface HealthOptions {
  state: Pick<State, "saveRunning">;
  log: Log;
  /** What alone is to carry visitors' connections; absent where each way is tried. */
  transport?: Transport;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** What cannot be used, and what helps, where visitors cannot be served. */
function troubleOf(word: DataPathReport["word"], transport: Transport | undefined): string {
  if (word === "lost") {
    return "what this computer answers does not arrive at the relay; try a smaller MTU on this network, such as 1280";
  }
  switch (transport) {
    case "tcp":
      return "the relay's data port cannot be used; let connections to it out through your firewall, leave " +
        "--data-over out for WebSockets to be tried";
    case "websocket":
      return "no WebSockets to the relay's own port can be used; leave --data-over out for its data port to be tried";
    case undefined:
      return "the relay's data port cannot be used, nor WebSockets in its place; let connections to it out " +
        "through your firewall";
  }
}

/**
 * How a running client is, of all that a visitor needs: says in the log what stopped or began to
 * work, and keeps it in a file for `glosson status`.
 */
export class Health {
  readonly #options: HealthOptions;
  readonly #now: RunningState;
  #sessions = 0;
  #isOnline = false;
  #writing: Promise<void> = Promise.resolve();
  #dirty = false;

  constructor(options: HealthOptions) {
    this.#options = options;
    this.#now = { since: this.#time(), why: null, data: null, page: null, seen: null };
    this.#write();
  }

  /** A number of the time online that it is, as far as is known; undefined while it is not. */
  get session(): number | undefined {
    return this.#isOnline ? this.#sessions : undefined;
  }

  /** The relay has this client online, with its page at this address. */
  online(page: string): void {
    this.#isOnline = true;
    this.#sessions++;
    this.#now.why = null;
    this.#now.page = page;
    this.#write();
  }

  /** The session ended. */
  offline(why: string): void {
    this.#isOnline = false;
    this.#now.why = why;
    this.#write();
  }

  /** More is known of the way to the data port. */
  dataPath({ hostname: host, port, word, detail, over }: DataPathReport): void {
    const { log, transport } = this.#options;
    const before = this.#now.data;
    const works = word === "works";
    const same = before?.works === works && before.host === host && before.port === port;
    this.#now.data = {
      host,
      port,
      works,
      over,
      problem: works ? null : detail,
      since: same ? before.since : this.#time(),
    };
    this.#write();
    if (works) {
      const say = before?.works === false ? log.info : log.debug;
      return say("The relay's data port is reached, visitors can be served", { host, port, over });
    }
    if (same) return;
    log.warn(
      `Visitors cannot be served: ${troubleOf(word, transport)}, or tell the relay's operator`,
      { host, port, why: detail },
    );
  }

  /** The client has looked at its own page from outside; resolves once `glosson status` can tell. */
  async seen(verdict: PageVerdict, why: string | null): Promise<void> {
    const before = this.#now.seen;
    const at = this.#time();
    const since = before?.verdict === verdict ? before.since : at;
    this.#now.seen = { at, verdict, why, since };
    this.#write();
    await this.#writing;
  }

  /** The client ends: nothing is running any more. */
  async end(): Promise<void> {
    await this.#writing;
    await this.#save(undefined);
  }

  /** Writes what holds when its turn comes, so that the last state is the one that stays. */
  #write(): void {
    if (this.#dirty) return;
    this.#dirty = true;
    this.#writing = this.#writing.then(() => {
      this.#dirty = false;
      return this.#save(structuredClone(this.#now));
    });
  }

  async #save(running: RunningState | undefined): Promise<void> {
    try {
      await this.#options.state.saveRunning(running);
    } catch (error) {
      // Visitors do not need it.
      this.#options.log.debug("Cannot write how this client is", { error });
    }
  }

  #time(): string {
    return new Date(this.#options.now()).toISOString();
  }
}
