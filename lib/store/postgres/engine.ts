// @ts-types="@types/pg"
import pg from "pg";
import { sleep } from "../../net/pause.ts";
import { StoreError } from "../error.ts";
import { clientClass, type ServerClient } from "./client.ts";
import { CONNECT_TIMEOUT_MS, type PostgresPlace } from "./client_config.ts";
import { isAnswer, isConflict, isLost, isOver, noneToStoreError, toStoreError } from "./errors.ts";
import { choiceFor, type ServerChoice } from "./server_choice.ts";
import { endStandbyWait } from "./standby_wait.ts";

/** Options for {@linkcode PostgresEngine}. */
export interface PostgresEngineOptions {
  /** How long a change waits for another program's lock, milliseconds. @default {5_000} */
  lockTimeoutMs?: number;
  /** Connections at once, besides those that listen. @default {8} */
  connections?: number;
}

/** Asks the database one thing; a row's columns have the names of the query, int8 is a number. */
export type Ask = <Row extends object = Record<string, unknown>>(
  sql: string,
  values?: readonly unknown[],
) => Promise<{ rows: Row[]; count: number }>;

/**
 * Ends a transaction. One that found nothing to change may have found what an earlier one left that no standby has
 * confirmed: its answer waits for that, too, by a word in the log of the server.
 */
const COMMIT = `SELECT pg_logical_emit_message(true, 'glossond', '')
  WHERE pg_current_xact_id_if_assigned() IS NULL; COMMIT`;

/** How often a transaction that another one was in the way of is tried. */
const CONFLICT_TRIES = 10;

/** First and longest pause of a patient change before it is tried again. */
const PATIENT_RETRY_MS = { first: 100, longest: 5_000 } as const;

/**
 * How the tables ask a PostgreSQL server: by a few connections, each with deadlines for all it is asked.
 * Connections come and go by themselves; nothing is kept of one that was silent for too long.
 */
export class PostgresEngine {
  readonly #place: PostgresPlace;
  readonly #Client: new () => ServerClient;
  readonly #choice: ServerChoice;
  readonly #pool: pg.Pool;
  readonly #busy = new Set<pg.PoolClient>();
  readonly #acquiring = new Set<Promise<pg.PoolClient>>();
  readonly #closing = new AbortController();

  constructor(place: PostgresPlace, options: PostgresEngineOptions = {}) {
    this.#place = place;
    this.#choice = choiceFor(place.address);
    this.#Client = clientClass(place, options.lockTimeoutMs);
    this.#pool = new pg.Pool({
      Client: this.#Client,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      max: options.connections ?? 8,
      idleTimeoutMillis: 60_000,
      maxLifetimeSeconds: 1_800,
    });
    // Of connections that nobody uses: the pool makes new ones.
    this.#pool.on("error", () => {});
  }

  /** Aborted once the engine is being closed. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /**
   * Runs what only reads, or may be done twice: where the connection ends before its first answer, it is
   * asked again. Each statement goes by what is there when it begins.
   *
   * @throws {StoreError} when the database cannot be asked.
   */
  read<T>(work: (ask: Ask) => Promise<T>): Promise<T> {
    return this.#withClient(work);
  }

  /**
   * Runs what reads all as it is at one moment, whatever others commit meanwhile.
   *
   * @throws {StoreError} when the database cannot be asked.
   */
  snapshot<T>(work: (ask: Ask) => Promise<T>): Promise<T> {
    return this.#withClient((ask) =>
      transaction(ask, work, {
        begin: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        end: "COMMIT",
      })
    );
  }

  /**
   * Runs `work` in a transaction of isolation READ COMMITTED: each statement sees what others had
   * committed when it began, so `work` takes the locks that make what it reads last. Where
   * another transaction was in the way (a deadlock) it is run anew from its beginning.
   *
   * @param patientMs for how long it is tried again while the database cannot be used at all.
   * @throws {StoreError} when it could not be done; nothing was, but what the connection was
   * lost over while it was being committed may have been. Also while there are two primaries.
   */
  async write<T>(work: (ask: Ask) => Promise<T>, patientMs = 0): Promise<T> {
    const giveUpAt = performance.now() + patientMs;
    let pause: number = PATIENT_RETRY_MS.first;
    for (let tries = 1;; tries++) {
      try {
        return await this.#withClient((ask) =>
          transaction(ask, async (ask) => {
            const result = await work(ask);
            this.#choice.requireClear();
            return result;
          })
        );
      } catch (error) {
        if (!(error instanceof StoreError) || this.closing.aborted) throw error;
        if (isConflict(error.cause) && tries < CONFLICT_TRIES) continue;
        if (performance.now() >= giveUpAt) throw error;
      }
      await sleep(pause, this.closing);
      pause = Math.min(pause * 2, PATIENT_RETRY_MS.longest);
    }
  }

  /** A connection of its own, with the same deadlines; the caller connects and ends it. */
  ownClient(): ServerClient {
    return new this.#Client();
  }

  /** What was thrown by such a connection, with the fix. */
  explain(error: unknown): StoreError {
    return toStoreError(error, this.#place.address);
  }

  /** What is under way rejects. */
  async close(): Promise<void> {
    if (this.closing.aborted) return;
    this.#closing.abort();
    // Those with a question that is open are cut off.
    await Promise.all([...this.#busy].map((client) => (client as unknown as pg.Client).end()));
    // The pool would let whoever waits for a turn wait on.
    await Promise.allSettled(this.#acquiring);
    await this.#pool.end();
  }

  /** Tries each of the servers. */
  async #acquire(): Promise<pg.PoolClient> {
    const choice = this.#choice;
    for (let left = choice.count;; left--) {
      const asked = choice.current;
      const acquiring = this.#pool.connect();
      this.#acquiring.add(acquiring);
      try {
        const client = await acquiring;
        if (!this.closing.aborted) return client;
        client.release(true);
        break;
      } catch (error) {
        if (left === 1 || choice.current === asked || this.closing.aborted) {
          const { faults, count } = choice;
          const areAll = count > 1 && faults.length === count;
          throw areAll ? noneToStoreError(faults, this.#place.address) : this.explain(error);
        }
      } finally {
        this.#acquiring.delete(acquiring);
      }
    }
    throw new StoreError("the store is closed");
  }

  /** A connection that ended while it waited tells so at its first question: then another one is asked. */
  async #withClient<T>(work: (ask: Ask) => Promise<T>): Promise<T> {
    for (let others = this.#pool.options.max;; others--) {
      const turn = { isStale: false };
      try {
        return await this.#withOne(work, turn);
      } catch (error) {
        if (!turn.isStale || others === 0) throw error;
      }
    }
  }

  /** @param turn is told whether the connection was over before it had answered anything. */
  async #withOne<T>(work: (ask: Ask) => Promise<T>, turn: { isStale: boolean }): Promise<T> {
    if (this.closing.aborted) throw new StoreError("the store is closed");
    const client = await this.#acquire();
    this.#busy.add(client);
    let lost: StoreError | undefined;
    let hasAnswered = false;
    const ask: Ask = async <Row extends object>(sql: string, values: readonly unknown[] = []) => {
      // The deadline of a silent one is not waited for twice.
      if (lost !== undefined) throw lost;
      try {
        (client as unknown as ServerClient).requirePrimary();
        const { rows, rowCount } = await client.query<Row>(sql, [...values]);
        hasAnswered = true;
        return { rows, count: rowCount ?? 0 };
      } catch (error) {
        const explained = this.explain(error);
        if (isLost(error)) lost = explained;
        turn.isStale = isOver(error) && !hasAnswered;
        if (sql === COMMIT && !isAnswer(error) && !this.closing.aborted) {
          await endStandbyWait(client as unknown as ServerClient, this.closing);
        }
        throw explained;
      }
    };
    try {
      return await work(ask);
    } finally {
      this.#busy.delete(client);
      client.release(lost !== undefined || this.closing.aborted);
    }
  }
}

async function transaction<T>(
  ask: Ask,
  work: (ask: Ask) => Promise<T>,
  { begin = "BEGIN", end = COMMIT } = {},
): Promise<T> {
  await ask(begin);
  try {
    const result = await work(ask);
    await ask(end);
    return result;
  } catch (error) {
    // Over a lost connection nothing is asked, and the server does it by itself.
    await ask("ROLLBACK").catch(() => {});
    throw error;
  }
}
