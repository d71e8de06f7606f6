import { sleep } from "../../net/pause.ts";
import { LostTurnError, type SharedTurn } from "../shared_turn.ts";
import type { PostgresPlace } from "./client_config.ts";
import { PostgresEngine } from "./engine.ts";
import { migrateSchema } from "./migrate.ts";

/**
 * How long a turn is held from one look to the next: a write is tried for 60 s and then takes 15 s at
 * most, and may begin as late as {@linkcode FRESH_MS} after the look.
 */
const HELD_MS = 90_000;

/** How old a look may be when the write begins; this process may have been stopped meanwhile. */
const FRESH_MS = 10_000;

/** How long another relay's turn is waited for: one that died in its turn holds it no longer than that. */
const WAIT_MS = 120_000;

/** How often it is asked for meanwhile. */
const POLL_MS = 200;

/** How long a restart of the database may take within a turn. */
const PATIENT_MS = 30_000;

/** Options for {@linkcode PostgresTurn}. */
export interface PostgresTurnOptions {
  /** How long a turn is held without a look, milliseconds. @default {90_000} */
  heldMs?: number;
  /** How long another's is waited for, milliseconds. @default {120_000} */
  waitMs?: number;
}

/**
 * The turn as a row that names who has it and, by the database's clock, until when. A lock would end with
 * its connection, while a write is under way.
 */
export class PostgresTurn implements SharedTurn {
  readonly #engine: PostgresEngine;
  readonly #holder = crypto.randomUUID();
  readonly #heldS: number;
  readonly #waitMs: number;
  #hasTable = false;

  constructor(place: PostgresPlace, options: PostgresTurnOptions = {}) {
    this.#engine = new PostgresEngine(place, { connections: 1 });
    this.#heldS = (options.heldMs ?? HELD_MS) / 1_000;
    this.#waitMs = options.waitMs ?? WAIT_MS;
  }

  async take(): Promise<void> {
    // A command may come before the first relay.
    if (!this.#hasTable) await migrateSchema(this.#engine);
    this.#hasTable = true;
    const giveUpAt = performance.now() + this.#waitMs;
    while (!await this.#takeNow()) {
      if (performance.now() > giveUpAt) {
        throw new Error(
          "Cannot write to the DNS: another relay has had its turn for too long; see its log",
        );
      }
      await sleep(POLL_MS, this.#engine.closing);
    }
  }

  async look(): Promise<void> {
    for (let askedAt = -Infinity; performance.now() - askedAt > FRESH_MS;) {
      askedAt = performance.now();
      const { count } = await this.#engine.write((ask) =>
        ask(
          "UPDATE dns_turn SET ends_at = clock_timestamp() + make_interval(secs => $2) WHERE holder = $1",
          [this.#holder, this.#heldS],
        ), PATIENT_MS);
      if (count === 0) throw new LostTurnError("another relay has the turn to write to the DNS");
    }
  }

  async release(): Promise<void> {
    await this.#engine.write((ask) => ask("DELETE FROM dns_turn WHERE holder = $1", [this.#holder]))
      .catch(() => {});
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  /** Where it would end later than one that begins now the clock was set back: it ends then, or is held anew. */
  async #takeNow(): Promise<boolean> {
    const { rows: [turn] } = await this.#engine.write((ask) =>
      ask<{ isHeld: boolean }>(
        `INSERT INTO dns_turn AS turn (holder, ends_at)
         VALUES ($1, clock_timestamp() + make_interval(secs => $2))
         ON CONFLICT (one) DO UPDATE SET ends_at = excluded.ends_at,
             holder = CASE WHEN turn.ends_at <= clock_timestamp() THEN excluded.holder ELSE turn.holder END
           WHERE turn.ends_at <= clock_timestamp() OR turn.holder = excluded.holder
             OR turn.ends_at > excluded.ends_at
         RETURNING holder = $1 AS "isHeld"`,
        [this.#holder, this.#heldS],
      ), PATIENT_MS);
    return turn?.isHeld ?? false;
  }
}
