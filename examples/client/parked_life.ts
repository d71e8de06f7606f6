import type { DataConnection } from "./data_connection.ts";

/** How long a connection may be idle at first: shorter than most routers remember one, milliseconds. */
const FIRST_MS = 50_000;

/** How short it may get, milliseconds: below, it would be replaced more often than it is used. */
const SHORTEST_MS = 20_000;

/** The relay's own limit, at which it ends a connection itself, milliseconds. */
const RELAY_MS = 300_000;

/** Longer than that: the relay ends it first. */
const LONGEST_MS = 330_000;

/** Share of a life that is left to chance, so that those of one moment are not replaced in one. */
const JITTER = 0.2;

/** One connection that is to be parked. */
export interface ParkedStay {
  /** When to end it and park another, milliseconds. */
  ms: number;
  /** Tells what became of it; undefined when nothing that says anything. */
  over(connection: DataConnection | undefined): void;
}

/** Options for {@linkcode ParkedLife}. */
export interface ParkedLifeOptions {
  /** Clock in milliseconds that never jumps. */
  now: () => number;
  /** Uniform in [0, 1). */
  random: () => number;
}

/**
 * How long a connection may be parked before it is replaced by another.
 *
 * A router with NAT forgets connections that are idle, some after a minute, and tells nobody; what is
 * parked there is lost to the visitor who is joined to it. The runtime's keep-alive probes come after
 * two hours only. So a connection is ended before it is forgotten, and whether the relay answers that
 * tells that it was not: then one at a time tries twice as long, up to what the relay itself allows.
 */
export class ParkedLife {
  readonly #options: ParkedLifeOptions;
  #provenMs = FIRST_MS;
  /** Lives of this length and more are known to be too long. */
  #tooLongMs = Infinity;
  #trying = false;

  constructor(options: ParkedLifeOptions) {
    this.#options = options;
  }

  /** Parks a connection by `dial`, which is told when to end it, and learns from what becomes of it. */
  async watch(dial: (endAfterMs: number) => Promise<DataConnection>): Promise<DataConnection> {
    const stay = this.begin();
    let connection: DataConnection | undefined;
    try {
      return connection = await dial(stay.ms);
    } finally {
      stay.over(connection);
    }
  }

  /** For the next connection to be parked. */
  begin(): ParkedStay {
    const { now, random } = this.#options;
    const longer = Math.min(LONGEST_MS, this.#provenMs * 2);
    const tries = !this.#trying && longer > this.#provenMs && longer < this.#tooLongMs;
    if (tries) this.#trying = true;
    const provenMs = this.#provenMs >= RELAY_MS * (1 - JITTER) ? LONGEST_MS : this.#provenMs;
    const ms = tries ? longer : Math.round(provenMs * (1 - JITTER * random()));
    const began = now();
    let isOver = false;
    return {
      ms,
      over: (connection) => {
        if (isOver) return;
        isOver = true;
        if (tries) this.#trying = false;
        if (connection === undefined || connection.state === "refused") return;
        // It may be ended late, which proves nothing.
        const age = Math.min(now() - began, ms);
        const lost = connection.state === "ended" && connection.unanswered === true;
        if (lost) this.#lost(age);
        else this.#provenMs = Math.max(this.#provenMs, age);
      },
    };
  }

  #lost(age: number): void {
    this.#tooLongMs = Math.min(this.#tooLongMs, age);
    if (age <= this.#provenMs) this.#provenMs = Math.max(SHORTEST_MS, age / 2);
  }
}
