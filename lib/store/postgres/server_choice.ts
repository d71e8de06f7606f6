import type { PostgresAddress, PostgresServer } from "../../wire/postgres_url.ts";

/** What a server says of itself when it is connected to. */
export interface ServerState {
  /** Whether it takes no changes, as a standby. */
  readOnly: boolean;
  /** Eight hexadecimal digits, which a promotion raises; null at a standby. */
  timeline: string | null;
}

/** Asks a server for its {@linkcode ServerState}. */
export const ASK_STATE = `SELECT current_setting('transaction_read_only') = 'on' AS "readOnly",
  CASE WHEN NOT pg_is_in_recovery() THEN left(pg_walfile_name(pg_current_wal_lsn()), 8) END
    AS timeline`;

/**
 * Which of a database's servers is connected to: the one that was so last, until it cannot be, or takes no
 * changes; then the next one.
 */
export class ServerChoice {
  readonly #servers: PostgresAddress["servers"];
  #index = 0;
  /** The latest that was seen. */
  #timeline = "";

  constructor({ servers }: PostgresAddress) {
    this.#servers = servers;
  }

  /** The one to connect to. */
  get current(): PostgresServer {
    return this.#servers[this.#index]!;
  }

  /** How many there are to choose from. */
  get count(): number {
    return this.#servers.length;
  }

  /** A connection to it failed: the next one is to be tried. */
  failed(server: PostgresServer): void {
    // Of several connections that fail at once the first one decides.
    if (server === this.current) this.#index = (this.#index + 1) % this.#servers.length;
  }

  /** What keeps a server from being the one to work with, as the end of a sentence; undefined if nothing does. */
  faultOf({ readOnly, timeline }: ServerState): string | undefined {
    if (readOnly) return "takes no changes, as a standby";
    if (timeline !== null && timeline < this.#timeline) {
      return "was the primary before another one was promoted";
    }
    this.#timeline = timeline ?? this.#timeline;
    return undefined;
  }
}

const choices = new WeakMap<PostgresAddress, ServerChoice>();

/**
 * The choice for an address, one for all of a process that have it: what one connection learns of a
 * fail-over holds for those that others make.
 */
export function choiceFor(address: PostgresAddress): ServerChoice {
  const known = choices.get(address);
  if (known !== undefined) return known;
  const choice = new ServerChoice(address);
  choices.set(address, choice);
  return choice;
}
