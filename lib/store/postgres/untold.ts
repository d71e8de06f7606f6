import { lockChanges } from "./change_lock.ts";
import type { Ask, PostgresEngine } from "./engine.ts";
import { passOver } from "./known_answer.ts";

/** Channel on which all relays are told the names whose account, block or domains have changed. */
export const NAME_CHANNEL = "glossond_name";

/** How often it is looked whether somebody ended before they told, milliseconds. */
const LOOK_MS = 2_000;

/** What all relays are to be told of a name; without a notice they only read it anew. */
export interface Untold {
  username: string;
  /** A kind of the notices that relays read by number (`cluster/engine.ts`). */
  notice?: "cut-off" | "released" | "limits";
}

/**
 * Notes in the transaction of a change what is to be told once that is committed: whoever ends in between leaves it
 * to the others. It is not told by that transaction, since a NOTIFY that waits for a standby has all others wait.
 */
export async function noteUntold(ask: Ask, untold: readonly Untold[]): Promise<void> {
  if (untold.length === 0) return;
  await ask(
    "INSERT INTO untold (username, notice) SELECT * FROM unnest($1::text[], $2::text[])",
    [untold.map(({ username }) => username), untold.map(({ notice }) => notice ?? null)],
  );
}

/** Tells relays what they are to be told, be it that who changed it has ended since. */
export class Teller {
  readonly #engine: PostgresEngine;
  #telling: Promise<void> = Promise.resolve();
  #isDue = false;
  #next: ReturnType<typeof setTimeout> | undefined;

  constructor(engine: PostgresEngine) {
    this.#engine = engine;
  }

  /** Tells all that is noted by now, and again and again until it is closed; resolves once that was tried. */
  tell(): Promise<void> {
    if (!this.#isDue) {
      this.#isDue = true;
      this.#telling = this.#telling.then(() => this.#tellNow());
    }
    return this.#telling;
  }

  /** To be called once the engine is closed. */
  async close(): Promise<void> {
    await this.#telling;
    clearTimeout(this.#next);
  }

  async #tellNow(): Promise<void> {
    this.#isDue = false;
    clearTimeout(this.#next);
    await tellUntold(this.#engine).catch(passOver);
    if (this.#engine.closing.aborted) return;
    this.#next = setTimeout(() => void this.tell(), LOOK_MS);
  }
}

/** Whatever was noted by anybody is told once, and no notice at the same time as another one. */
async function tellUntold(engine: PostgresEngine): Promise<void> {
  const { count } = await engine.read((ask) => ask("SELECT FROM untold LIMIT 1"));
  if (count === 0) return;
  await engine.write(async (ask) => {
    await lockChanges(ask);
    await ask(
      `WITH told AS (DELETE FROM untold RETURNING *), noted AS (
        INSERT INTO notice (told_at, boot, kind, username)
        SELECT clock_timestamp() + number * interval '1 microsecond', '', notice, username
        FROM (SELECT *, row_number() OVER (ORDER BY untold_number) AS number FROM told) AS numbered
        WHERE notice IS NOT NULL ORDER BY number)
      SELECT pg_notify('${NAME_CHANNEL}', username) FROM (SELECT DISTINCT username FROM told) AS names`,
    );
  });
}
