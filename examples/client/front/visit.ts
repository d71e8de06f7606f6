import { addressGroup } from "../../../lib/net/address_group.ts";
import type { Schedule } from "../../../lib/net/schedule.ts";
import { closeQuietly, type Duplex } from "../../../lib/net/splice.ts";
import { Pace } from "./pace.ts";
import type { TlsEnd } from "./tls_end.ts";

/** Why a visit is over: made once, as the trace that comes with an error costs much of ending one. */
const OVER = new DOMException("The visit is over", "AbortError");

/** One visitor's data connection while it is served. */
export class Visit {
  /** As the relay's PROXY header tells it. */
  readonly address: string | undefined;
  /** Whom its place counts for. */
  readonly group: string;
  /** When a byte last moved, milliseconds of `performance.now()`. */
  movedAt = performance.now();
  /** Whether it waits for a request: between requests, or before the first. */
  idle = true;
  /** Whether it ends behind the answer that is under way, or the next one if there is none. */
  isLast = false;
  /** Called when that is so. */
  onLast: () => void = () => {};
  /** Lets it finish what it is at, and no more. */
  leave: () => void = () => this.end();
  /** The TLS server that it is at. */
  tls: TlsEnd | undefined;
  /** Called when the TLS handshake is done. */
  onSecure: () => void = () => {};
  /** Whether the visitor has ended their side. */
  halfClosed = false;
  /** Called when they do. */
  onHalfClosed: () => void = () => {};
  /** Resolves once nobody speaks with the visitor any more. */
  spoken: Promise<void> = Promise.resolve();
  /** Keeps what comes to what is read. */
  readonly pace = new Pace();
  readonly #gone = new AbortController();
  readonly #passed = Promise.withResolvers<void>();
  readonly #conns: Set<Pick<Duplex, "close">>;

  constructor(conn: Duplex, address: string | undefined) {
    this.#conns = new Set([conn]);
    this.address = address;
    this.group = groupOf(address);
  }

  /** Aborted once it is over. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Resolves once all that the TLS server said was passed on to the visitor. */
  get passed(): Promise<void> {
    return this.#passed.promise;
  }

  /** Closes this, too, when the visit is over; at once if it is. */
  owns(conn: Pick<Duplex, "close">): void {
    if (this.gone.aborted) closeQuietly(conn);
    else this.#conns.add(conn);
  }

  /** These are closed already: to find that out by trying costs an error with its trace. */
  hasClosed(...conns: Pick<Duplex, "close">[]): void {
    for (const conn of conns) this.#conns.delete(conn);
  }

  /** The connection to the TLS server, which tells of the end of either side when that is passed on. */
  toldOfEnds(conn: Duplex): Duplex {
    return {
      read: async (p) => {
        const n = await conn.read(p);
        if (n === null) this.#passed.resolve();
        return n;
      },
      write: (p) => conn.write(p),
      closeWrite: () => {
        this.halfClosed = true;
        this.onHalfClosed();
        return conn.closeWrite();
      },
      close: () => conn.close(),
    };
  }

  /** Waits for what the visitor said last to be dealt with; ends the visit if that takes longer than `ms`. */
  async settled(schedule: Schedule, ms: number): Promise<void> {
    const callOff = schedule(() => this.end(), ms);
    await this.spoken;
    callOff();
  }

  /** Has the visitor come anew for what they ask after the next answer, of which they are told. */
  retire(): void {
    this.isLast = true;
    this.onLast();
  }

  /** Ends it at once; may be called again. */
  end(): void {
    const conns = [...this.#conns];
    this.#conns.clear();
    conns.forEach(closeQuietly);
    this.pace.end();
    this.#gone.abort(OVER);
  }
}

/** Whom the places of visitors from this address count for. */
export function groupOf(address: string | undefined): string {
  return address === undefined ? "" : addressGroup(address);
}

/**
 * The visit that is given up so that one of `group` finds room: of the address that has most, the one
 * that waits for a request longest, else the one on which nothing has moved longest.
 *
 * @returns undefined if `group` has as many as anybody: then it is the newcomer who goes.
 */
export function leastMissed(visits: Iterable<Visit>, group: string): Visit | undefined {
  const byGroup = Map.groupBy(visits, (visit) => visit.group);
  const own = byGroup.get(group)?.length ?? 0;
  const [largest = []] = [...byGroup.values()].sort((a, b) => b.length - a.length);
  const [candidate] = largest.sort((a, b) =>
    Number(b.idle) - Number(a.idle) || a.movedAt - b.movedAt
  );
  return largest.length > own || candidate?.idle ? candidate : undefined;
}
