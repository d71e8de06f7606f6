// @ts-types="@types/pg"
import pg from "pg";
import { type PostgresServer, showServer } from "../../wire/postgres_url.ts";
import { clientConfig, type PostgresPlace } from "./client_config.ts";
import { NO_COPY, WrongServerError } from "./errors.ts";
import { choiceFor, isSetReadOnly, type ServerState, STATE_COLUMNS } from "./server_choice.ts";

/**
 * Has what is acknowledged be on disk also where the role, the database or the server does without. Whoever has set
 * how much a standby has to know keeps that.
 */
const DURABLE = `SELECT set_config('synchronous_commit', 'on', false)
  WHERE current_setting('synchronous_commit') = 'off'`;

/** What the pool is told by. */
type Connected = ((error: Error) => void) & ((error: null, client: pg.Client) => void);

/** A connection that knows how its server was when it began. */
export interface ServerClient extends pg.Client {
  /** @throws {Error} when another server is the one to work with by now; nothing is to be asked of this one. */
  requirePrimary(): void;
  /** Another one to the same server, whatever that is by now; the caller connects and ends it. */
  another(): pg.Client;
}

/**
 * Makes a kind of connection to a database: each leads to the server that was found well last. One
 * of several servers counts as not reached where it takes no changes: what it has may be old, it can tell no
 * notices, and the next one is tried.
 */
export function clientClass(place: PostgresPlace, lockTimeoutMs?: number): new () => ServerClient {
  const choice = choiceFor(place.address);
  return class extends pg.Client {
    readonly #server: PostgresServer;
    /** As it was found; undefined where there is no other server. */
    #state: ServerState | undefined;

    constructor() {
      const server = choice.current;
      super(clientConfig(place, server, lockTimeoutMs));
      this.#server = server;
      // Of a connection that ends, which its next question tells: without a listener it would end the process.
      this.on("error", () => {});
    }

    override connect(): Promise<pg.Client>;
    override connect(callback: Connected): void;
    override connect(callback?: Connected): Promise<pg.Client> | void {
      const connected = this.#connect();
      if (callback === undefined) return connected;
      // As the pool has it.
      connected.then((client) => callback(null, client), callback as (error: Error) => void);
    }

    requirePrimary(): void {
      const fault = this.#state && choice.faultOf(this.#state);
      if (fault === undefined) return;
      const message = `${showServer(this.#server)} ${fault}`;
      const isRefusal = isSetReadOnly(this.#state!) || fault === NO_COPY;
      const error = isRefusal ? new Error(message) : new WrongServerError(message);
      choice.failed(this.#server, error);
      throw error;
    }

    another(): pg.Client {
      const client = new pg.Client(clientConfig(place, this.#server, lockTimeoutMs));
      client.on("error", () => {});
      return client;
    }

    async #connect(): Promise<pg.Client> {
      try {
        await super.connect();
        await this.#prepare();
        choice.worked(this.#server);
        return this;
      } catch (error) {
        choice.failed(this.#server, error);
        throw error;
      }
    }

    async #prepare(): Promise<void> {
      try {
        await this.query(DURABLE);
        if (choice.count === 1) return;
        const { rows: [state] } = await this.query<ServerState>(`SELECT ${STATE_COLUMNS}`);
        this.#state = state;
        this.requirePrimary();
      } catch (error) {
        this.end().catch(() => {});
        throw error;
      }
    }
  };
}
