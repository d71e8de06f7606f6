import type { PostgresAddress, PostgresServer } from "../../wire/postgres_url.ts";
import type { StoreError } from "../error.ts";
import { NO_COPY } from "./errors.ts";

/** What a server says of itself when it is connected to. */
export interface ServerState {
  /** Whether it takes no changes, as a standby or as it is set. */
  readOnly: boolean;
  /** Eight hexadecimal digits, which a promotion raises; null at a standby. */
  timeline: string | null;
  /** What it has in common with its standbys, and with no other primary's. */
  system: string;
}

/** What tells of two primaries which one is the later. */
export type Primary = Pick<ServerState, "system" | "timeline">;

/** Columns of a server's {@linkcode ServerState}. */
export const STATE_COLUMNS = `current_setting('transaction_read_only') = 'on' AS "readOnly",
  CASE WHEN NOT pg_is_in_recovery() THEN left(pg_walfile_name(pg_current_wal_lsn()), 8) END
    AS timeline,
  (SELECT system_identifier::text FROM pg_control_system()) AS system`;

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
  /** The primary that was promoted last of those that were seen. */
  #newest: Primary | undefined;
  /** Set while there are two primaries of which neither was promoted after the other: whatever is changed may be lost. */
  rivalry: StoreError | undefined;

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

  /** @throws {StoreError} while it cannot be told which one is the primary. */
  requireClear(): void {
    if (this.rivalry !== undefined) throw this.rivalry;
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
    if (isSetReadOnly(state)) return "takes no changes: default_transaction_read_only is on";
    if (state.readOnly) return "takes no changes, as a standby";
    if (this.#newest !== undefined && state.system !== this.#newest.system) return NO_COPY;
    if (this.#newest !== undefined && state.timeline! < this.#newest.timeline!) {
      return "was the primary before another one was promoted";
    }
    this.saw(state);
    return undefined;
  }

  /**
   * A primary was seen: those of earlier timelines are none any more.
   *
   * @param mayBeAnother whether it may be no copy of the one before, since none of that is left. @default {false}
   */
  saw(primary: Primary, mayBeAnother = false): void {
    const isNewer = this.#newest?.system === primary.system
      ? primary.timeline! > this.#newest.timeline!
      : this.#newest === undefined || mayBeAnother;
    if (isNewer) this.#newest = primary;
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
