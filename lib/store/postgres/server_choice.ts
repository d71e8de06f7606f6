import type { PostgresAddress, PostgresServer } from "../../wire/postgres_url.ts";

/** What a server says of itself when it is connected to. */
export interface ServerState {
  /** Whether it takes no changes, as a standby or as it is set. */
  readOnly: boolean;
  /** Eight hexadecimal digits, which a promotion raises; null at a standby. */
  timeline: string | null;
}

/** Columns of a server's {@linkcode ServerState}. */
export const STATE_COLUMNS = `current_setting('transaction_read_only') = 'on' AS "readOnly",
  CASE WHEN NOT pg_is_in_recovery() THEN left(pg_walfile_name(pg_current_wal_lsn()), 8) END
    AS timeline`;

/** Whether it is a primary all the same. */
export function isSetReadOnly({ readOnly, timeline }: ServerState): boolean {
  return readOnly && timeline !== null;
}

/**
 * Which of a database's servers is connected to: the one that was so last, until it cannot be, or takes no
 * changes; then the next one.
 */
export class ServerChoice {
  readonly #servers: PostgresAddress["servers"];
  readonly #faults = new Map<PostgresServer, unknown>();
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

  /** What kept the last connection from each server that could not be used. */
  get faults(): unknown[] {
    return [...this.#faults.values()];
  }

  /** A connection to it came about. */
  worked(server: PostgresServer): void {
    this.#faults.delete(server);
  }

  /** A connection to it failed: the next one is to be tried. */
  failed(server: PostgresServer, fault: unknown): void {
    this.#faults.set(server, fault);
    // Of several connections that fail at once the first one decides.
    if (server === this.current) this.#index = (this.#index + 1) % this.#servers.length;
  }

  /** What keeps a server from being the one to work with, as the end of a sentence; undefined if nothing does. */
  faultOf(state: ServerState): string | undefined {
    const { readOnly, timeline } = state;
    if (isSetReadOnly(state)) return "takes no changes: default_transaction_read_only is on";
    if (readOnly) return "takes no changes, as a standby";
    if (timeline !== null && timeline < this.#timeline) {
      return "was the primary before another one was promoted";
    }
    this.saw(timeline ?? "");
    return undefined;
  }

  /** A primary of that timeline was seen: those of earlier ones are none any more. */
  saw(timeline: string): void {
    if (timeline > this.#timeline) this.#timeline = timeline;
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
