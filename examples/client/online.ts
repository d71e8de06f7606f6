import { systemRush } from "../../lib/net/rush.ts";
import type { RelayMessage } from "../../lib/wire/messages.ts";
import type { Api } from "./api.ts";
import { type ControlSession, type Ending, openControl } from "./control.ts";
import { Foreign, type JoinedVisitor } from "./data_connection.ts";
import { DataDialer, type DataDialerOptions } from "./data_dialer.ts";
import { DataPorts } from "./data_ports.ts";
import type { DataAddress, DataPathReport } from "./data_path.ts";
import { watchHeartbeat } from "./heartbeat.ts";
import { Parking } from "./parking.ts";
import { PoolSize } from "./pool_size.ts";
import type { RelayHttp } from "./relay_http.ts";
import type { VisitorEnd } from "./visitor_end.ts";

/** Time over which wishes for tickets are put into one message, milliseconds. */
const ASK_DELAY_MS = 20;

/** Why a visitor is refused, whatever the reason: a relay is not told what it made us find. */
const REFUSAL = "cannot serve";

/** What a client needs to be online. */
export interface OnlineOptions extends DataDialerOptions {
  /** The account's: visitors find the page there. */
  hostname: string;
  token: string;
  http: RelayHttp;
  api: Pick<Api, "account" | "control" | "relayInfo">;
  front: VisitorEnd;
  /** Most connections to keep parked; how many follows the visitors. */
  pool: number;
  /** Most visitors at once. */
  maxVisitors: number;
  /** Called with the page's address when visitors reach this client. */
  onOnline: (page: string) => void;
  /** Called when something else is known of the way to the data port. */
  onDataPath: (report: DataPathReport) => void;
  signal: AbortSignal;
}

/**
 * Goes online once and serves visitors until the session ends, which is returned; never rejects.
 *
 * Visitors that are there when it ends stay: their connections do not depend on the session. The
 * parked connections go with it.
 */
export async function beOnline(options: OnlineOptions): Promise<Ending> {
  return await new OnlineSession(options).ended;
}

/** One time online: what the relay says, and the data connections that follow from it. */
class OnlineSession {
  /** How it ended. */
  readonly ended: Promise<Ending>;
  readonly #options: OnlineOptions;
  readonly #control: ControlSession;
  readonly #over = new AbortController();
  readonly #ports: DataPorts;
  readonly #dialer: DataDialer;
  readonly #wished: PoolSize;
  /** By data port: each of a relay's machines keeps its own full, and one that is gone holds up none. */
  readonly #parkings = new Map<string, Parking>();
  #asking: ReturnType<typeof setTimeout> | undefined;
  /** Visitors on their way to be joined. */
  #joining = 0;
  /** The number that the relay knows, and keeps up by itself. */
  #told: number | undefined;

  constructor(options: OnlineOptions) {
    const { relay, token, http, signal, elapsed, log } = options;
    this.#options = options;
    this.#ports = new DataPorts(log);
    this.#dialer = new DataDialer(
      options,
      (report) => {
        // The relay closes what is parked once it is told, before the session has ended.
        if (signal.aborted) return;
        options.onDataPath(report);
        // Before a visitor is refused for it, whom the relay tells why.
        this.#sendPool();
      },
      this.#over.signal,
    );
    this.#wished = new PoolSize({ most: options.pool, now: elapsed });
    this.#control = openControl({
      ...{ relay, token, http, signal, log },
      onMessage: (message) => this.#receive(message),
    });
    this.ended = this.#control.ended.finally(() => {
      this.#over.abort();
      clearTimeout(this.#asking);
    });
  }

  #receive(message: Exclude<RelayMessage, { type: "goodbye" }>): void {
    switch (message.type) {
      case "connect":
        this.#meet(message);
        break;
      case "tickets": {
        const port = this.#ports.of(message);
        if (port !== undefined) this.#parkingAt(port).offer(message.tickets, port);
        break;
      }
      case "visitors":
        this.#dialer.noteAnswers(message.answered);
        break;
      case "online":
        this.#ports.online({ hostname: message.dataHost, port: message.dataPort });
        this.#options.onOnline(this.#pageAt(message.url));
        this.#sendPool();
        this.#watch();
        break;
    }
  }

  /** The page's address, of which the relay chooses the port alone: it is looked at, and shown to the user. */
  #pageAt(url: string): string {
    const { hostname, log } = this.#options;
    if (new URL(url).hostname === hostname) return url;
    const page = `https://${hostname}`;
    log.warn("The relay gives this page another's address, which is not used", { url, page });
    return page;
  }

  #parkingAt({ hostname, port }: DataAddress): Parking {
    const key = `${hostname} ${port}`;
    const { elapsed: now, sleep, random, log } = this.#options;
    const parking = this.#parkings.get(key) ?? new Parking({
      wanted: () => this.#poolSize,
      dial: (ticket, address, onShown) => this.#dialer.park(ticket, address, onShown),
      onJoined: (joined) => {
        systemRush.note();
        void this.#serve(joined);
      },
      ask: () => this.#ask(),
      signal: this.#over.signal,
      ...{ now, sleep, random, log },
    });
    this.#parkings.set(key, parking);
    return parking;
  }

  /** Visitors that there is room for. */
  get #room(): number {
    const { front, maxVisitors } = this.#options;
    return Math.max(0, maxVisitors - front.connections - this.#joining);
  }

  /** Parked connections may become visitors at any time: near the limit there are fewer. */
  get #poolSize(): number {
    return Math.min(this.#wished.size, this.#room);
  }

  #sendPool(): void {
    const { report } = this.#dialer;
    const size = this.#poolSize;
    this.#control.send({ type: "pool", size, ...(report && { dataPath: report.word }) });
    this.#told = size;
  }

  /** Tells the relay soon how many connections to keep, if that is another number now. */
  #ask(): void {
    if (this.#over.signal.aborted) return;
    // What is kept for want of a place counts as granted at the relay.
    for (const parking of this.#parkings.values()) parking.fill();
    if (this.#poolSize === this.#told) return;
    this.#asking ??= setTimeout(() => {
      this.#asking = undefined;
      if (this.#poolSize !== this.#told) this.#sendPool();
    }, ASK_DELAY_MS);
  }

  #refuse(ticket: string): void {
    this.#control.send({ type: "refuse", ticket, reason: REFUSAL });
  }

  async #serve(joined: JoinedVisitor): Promise<void> {
    const { visitor } = joined;
    const { front, log } = this.#options;
    this.#wished.note();
    this.#ask();
    log.debug("Visitor joined", { address: visitor?.address, visitors: front.connections + 1 });
    await front.serve(joined);
    log.debug("Visitor gone", { address: visitor?.address, visitors: front.connections });
    // Room may be what was missing.
    this.#ask();
  }

  async #meet(message: RelayMessage & { type: "connect" }): Promise<void> {
    const { front, maxVisitors, log } = this.#options;
    const { ticket, expiresInMs, visitor } = message;
    systemRush.note();
    const port = this.#ports.of(message);
    if (port === undefined) return this.#refuse(ticket);
    if (!front.makeRoom(visitor.address)) {
      log.warn("Too many visitors, one was turned away", { limit: maxVisitors });
      return this.#refuse(ticket);
    }
    this.#joining++;
    let shown = false;
    try {
      const connection = await this.#dialer.meet(ticket, port, expiresInMs, () => shown = true);
      if (connection.state === "joined") this.#serve(connection);
      else log.debug("Ticket not taken", { state: connection.state });
    } catch (error) {
      log.debug("Cannot meet a visitor", { error });
      // Else the relay may have joined the visitor, or be taking another's place: it sees to them.
      if (!shown || error instanceof Foreign) this.#refuse(ticket);
    } finally {
      this.#joining--;
      this.#ask();
    }
  }

  /** Gives the session up when the relay does not answer any more. */
  async #watch(): Promise<void> {
    const { api, sleep } = this.#options;
    const why = await watchHeartbeat({
      account: (timeoutMs) => api.account(timeoutMs),
      // Tickets may have expired unused: the wish is repeated, which is harmless.
      onBeat: () => this.#sendPool(),
      sleep,
      signal: this.#over.signal,
    });
    if (why !== undefined) this.#control.drop(why);
  }
}
