import { settleWithin } from "../../net/pause.ts";
import { CHANGES_CHANNEL, lockChanges, NOT_ON_DISK } from "../../store/postgres/change_lock.ts";
import type { Ask, PostgresEngine } from "../../store/postgres/engine.ts";
import { listen, type Listening } from "../../store/postgres/listener.ts";
import {
  type Arrival,
  type Beat,
  type Changes,
  type ClusterEngine,
  type Departure,
  type EngineListener,
  type LastChange,
  type Letter,
  type NoticeKind,
  type PresenceRow,
  type RelayFigures,
  type RelayView,
  type Standing,
} from "../engine.ts";
import { announce } from "./announce.ts";
import { changesSince, lastChange, onlineBehind } from "./changes.ts";
import { channelOf, HEARD_MS } from "./schema.ts";

/** How long notices and the rows of dead relays are kept, days. */
const KEPT_DAYS = 7;

/** How often what is of no use any more is dropped. */
const PRUNE_MS = 3_600_000;

/** How long a relay that stops waits for the database, and then for its connections to end. */
const LEAVE_MS = 2_000;
const CLOSE_MS = 500;

/** A beat as the interface has it: the database's clock may be set back, but to no moment that it had before. */
const BEAT = "(extract(epoch FROM heard_at) * 1e6)::int8";

/** A relay, and a process of it. */
export interface Self {
  relay: string;
  boot: string;
  version: string;
  /** Where clients bring connections for its visitors. */
  data: { dataHost: string; dataPort: number };
}

/** What relays share by way of a PostgreSQL database. */
export class PostgresCluster implements ClusterEngine {
  readonly #postgres: PostgresEngine;
  readonly #me: Self;
  readonly #now: () => number;
  #listening: Listening | undefined;
  /** When it was pruned last, by this machine's clock. */
  #sweptAt = -Infinity;
  /** The last change when it was pruned last: all have read it before it is again. */
  #prunedAt = 0;

  /**
   * @param postgres is closed with it.
   * @param now this machine's clock, which is compared with the database's; milliseconds since the epoch.
   */
  constructor(postgres: PostgresEngine, me: Self, now: () => number = Date.now) {
    this.#postgres = postgres;
    this.#me = me;
    this.#now = now;
  }

  async listen({ onHearing, onDeaf, onChange, onMessage }: EngineListener): Promise<void> {
    const first = Promise.withResolvers<void>();
    this.#listening = listen(this.#postgres, {
      channels: [CHANGES_CHANNEL, channelOf(this.#me.boot)],
      onNotice: (channel, text) => channel === CHANGES_CHANNEL ? onChange() : onMessage(text),
      onConnected() {
        first.resolve();
        onHearing();
        return Promise.resolve();
      },
      onLost(error) {
        first.reject(error);
        onDeaf(error);
      },
    });
    await first.promise;
  }

  async join(kept: readonly string[] = []): Promise<Map<string, number>> {
    const { relay, boot, version, data } = this.#me;
    return await this.#change(async (ask) => {
      await ask(
        `INSERT INTO relay (id, boot, version, data_host, data_port) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (id) DO UPDATE SET boot = excluded.boot, version = excluded.version,
          data_host = excluded.data_host, data_port = excluded.data_port, ahead_ms = NULL, users = 0, visitors = 0, alive = true, heard_at = clock_timestamp()`,
        [relay, boot, version, data.dataHost, data.dataPort],
      );
      const { rows } = await ask<{ username: string; epoch: number }>(
        `UPDATE presence SET boot = $2, number = nextval('change_number')
        WHERE relay = $1 AND boot <> $2 AND state = 'online' AND username = ANY ($3::text[])
        RETURNING username, epoch`,
        [relay, boot, kept],
      );
      await ask(
        `UPDATE presence SET state = 'left', number = nextval('change_number')
        WHERE relay = $1 AND boot <> $2 AND state = 'online'`,
        [relay, boot],
      );
      return new Map(rows.map(({ username, epoch }) => [username, epoch]));
    });
  }

  async beat({ users, visitors }: RelayFigures): Promise<{ standing: Standing; others: Beat[] }> {
    const { relay, boot } = this.#me;
    const { rows } = await this.#postgres.write((ask) =>
      ask<Beat & { id: string; alive: boolean }>(
        `WITH beaten AS (
          UPDATE relay SET users = $3, visitors = $4, alive = true, heard_at = clock_timestamp(),
            ahead_ms = $5 - (extract(epoch FROM clock_timestamp()) * 1000)::bigint
          WHERE id = $1 AND boot = $2)
        SELECT id, boot, alive, ${BEAT} AS beat, ${NOT_ON_DISK} FROM relay WHERE alive OR id = $1`,
        [relay, boot, users, visitors, this.#now()],
      )
    );
    const others = rows.filter((row) => row.alive && row.boot !== boot)
      .map(({ boot, beat }) => ({ boot, beat }));
    const own = rows.find(({ id }) => id === relay);
    if (own?.boot !== boot && own?.alive) return { standing: "taken", others };
    if (own?.boot !== boot) {
      // It was gone for days, or the database was set back, or who had its id is dead.
      await this.join();
      return { standing: "lost", others };
    }
    // Either way: a clock that was ahead puts nothing off.
    if (Math.abs(this.#now() - this.#sweptAt) >= PRUNE_MS) await this.#prune();
    return { standing: own.alive ? "alive" : "lost", others };
  }

  async judge(dead: readonly Beat[]): Promise<void> {
    await this.#change(async (ask) => {
      await ask(
        `WITH dead AS (
          UPDATE relay SET alive = false
          FROM unnest($1::text[], $2::int8[]) AS silent (boot, beat)
          WHERE relay.boot = silent.boot AND ${BEAT} = silent.beat RETURNING relay.boot)
        UPDATE presence SET state = 'left', number = nextval('change_number')
        WHERE boot IN (SELECT boot FROM dead) AND state = 'online'`,
        [dead.map(({ boot }) => boot), dead.map(({ beat }) => beat)],
      );
    });
  }

  /** Drops what is old, and the rows of users who left before it last did. */
  async #prune(): Promise<void> {
    // First, so that what fails does not fail each beat.
    this.#sweptAt = this.#now();
    this.#prunedAt = await this.#postgres.write(async (ask) => {
      await ask(`SELECT ${NOT_ON_DISK}`);
      const old = "clock_timestamp() - make_interval(days => $1)";
      await ask(`DELETE FROM relay WHERE NOT alive AND heard_at < ${old}`, [KEPT_DAYS]);
      await ask(`DELETE FROM notice WHERE told_at < ${old}`, [KEPT_DAYS]);
      await ask("DELETE FROM presence WHERE state <> 'online' AND number < $1", [this.#prunedAt]);
      const { rows: [last] } = await ask<{ number: number }>(
        "SELECT coalesce(max(number), 0) AS number FROM presence",
      );
      return last!.number;
    });
  }

  async relays(): Promise<RelayView[]> {
    const { rows } = await this.#postgres.read((ask) =>
      ask<RelayView>(
        `SELECT id, boot, version, users, visitors, alive,
          ${HEARD_MS} AS "heardMs"
        FROM relay ORDER BY id`,
      )
    );
    return rows;
  }

  async announce(arrivals: Arrival[], departures: Departure[]): Promise<Map<string, number>> {
    return await this.#change((ask) => announce(ask, this.#me, arrivals, departures));
  }

  changesSince(number: number): Promise<Changes> {
    return this.#postgres.read((ask) => changesSince(ask, number));
  }

  lastChange(toldWithinMs: number): Promise<LastChange> {
    return this.#postgres.read((ask) => lastChange(ask, toldWithinMs));
  }

  onlineBehind(username: string): Promise<PresenceRow[]> {
    return this.#postgres.read((ask) => onlineBehind(ask, username));
  }

  async send(letters: readonly Letter[]): Promise<void> {
    await this.#postgres.read((ask) =>
      ask(
        "SELECT pg_notify(channel, text) FROM unnest($1::text[], $2::text[]) AS u (channel, text)",
        [
          letters.map(({ to }) => channelOf(to)),
          letters.map(({ text }) => text),
        ],
      )
    );
  }

  async notify(kind: NoticeKind, username?: string): Promise<void> {
    await this.#change((ask) =>
      ask("INSERT INTO notice (boot, kind, username) VALUES ($1, $2, $3)", [
        this.#me.boot,
        kind,
        username ?? null,
      ])
    );
  }

  async leave(): Promise<void> {
    const { relay, boot } = this.#me;
    const left = this.#change(async (ask) => {
      await ask(
        `UPDATE presence SET state = 'left', number = nextval('change_number')
        WHERE boot = $1 AND state = 'online'`,
        [boot],
      );
      await ask("DELETE FROM relay WHERE id = $1 AND boot = $2", [relay, boot]);
    });
    const closed = this.#listening?.close();
    await settleWithin(LEAVE_MS, [left]);
    await settleWithin(CLOSE_MS, [closed, this.#postgres.close()]);
  }

  /** Changes something that others read by number, one after another, and has them read it. */
  #change<T>(change: (ask: Ask) => Promise<T>): Promise<T> {
    return this.#postgres.write(async (ask) => {
      await lockChanges(ask);
      return await change(ask);
    });
  }
}
