import { showServer } from "../../wire/postgres_url.ts";
import { StoreError } from "../error.ts";
import type { PostgresPlace } from "./client_config.ts";
import { PostgresEngine } from "./engine.ts";
import { choiceFor, type Primary, type ServerState, STATE_COLUMNS } from "./server_choice.ts";

/** How often it is looked which server is the primary, milliseconds: how long a former one is written to. */
const LOOK_MS = 2_000;

/** How long a look waits for a lock, and so for all: a server that is stopped holds up what others tell for 3 s. */
const LOCK_TIMEOUT_MS = 500;

/** A server, and how it is. */
type Look = ServerState & { server: string };

/**
 * Watches the servers of a database, each by a connection of its own, so that one which was the primary before
 * another was promoted, and takes changes all the same, is left: what it takes is lost with it. Where it
 * cannot be told which of two is the primary nothing is changed. Where there is only one, nothing is asked.
 */
export class PrimaryWatch {
  readonly #place: PostgresPlace;
  readonly #engines: { server: string; engine: PostgresEngine }[] = [];
  readonly #lookMs: number;
  #looking: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /** @param lookMs how often it is looked. @default {2_000} */
  constructor(place: PostgresPlace, lookMs: number = LOOK_MS) {
    this.#place = place;
    this.#lookMs = lookMs;
    const { address } = place;
    if (address.servers.length === 1) return;
    this.#engines = address.servers.map((server) => ({
      server: showServer(server),
      engine: new PostgresEngine(
        { ...place, address: { ...address, servers: [server] } },
        { connections: 1, lockTimeoutMs: LOCK_TIMEOUT_MS },
      ),
    }));
  }

  /**
   * Looks, and then at intervals until it is closed.
   *
   * @throws {StoreError} when it cannot be told which one is the primary; the message has the fix.
   */
  async start(): Promise<void> {
    if (this.#engines.length === 0) return;
    await this.#look();
    choiceFor(this.#place.address).requireClear();
    this.#later();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await Promise.all(this.#engines.map(({ engine }) => engine.close()));
    await this.#looking;
  }

  #later(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().then(() => this.#later());
    }, this.#lookMs);
  }

  async #look(): Promise<void> {
    const choice = choiceFor(this.#place.address);
    const asked = await Promise.allSettled(this.#engines.map(lookAt));
    const looks = asked.flatMap((look) => look.status === "fulfilled" ? [look.value] : []);
    try {
      const newest = newestPrimary(looks);
      if (newest !== undefined) choice.saw(newest, looks.length === asked.length);
      choice.rivalry = undefined;
    } catch (error) {
      choice.rivalry = error as StoreError;
    }
  }
}

async function lookAt(
  { server, engine }: { server: string; engine: PostgresEngine },
): Promise<Look> {
  const { rows: [state] } = await engine.read((ask) => ask<ServerState>(`SELECT ${STATE_COLUMNS}`));
  return { server, ...state! };
}

/**
 * The primary that was promoted last; undefined where there is none.
 *
 * @throws {StoreError} when there are two of which neither was promoted after the other.
 */
export function newestPrimary(looks: readonly Look[]): Primary | undefined {
  // One that is set to take no changes has been left on purpose, for another that is no copy of it, too.
  const primaries = looks.filter(({ readOnly, timeline }) => !readOnly && timeline !== null)
    .toSorted((a, b) => a.timeline! < b.timeline! ? 1 : -1);
  const [newest, ...others] = primaries;
  if (newest === undefined) return undefined;
  const stranger = others.find(({ system }) => system !== newest.system);
  if (stranger !== undefined) {
    throw new StoreError(
      `Cannot use the database: ${newest.server} and ${stranger.server} both take changes, and neither was made from the other; name the right one alone in GLOSSOND_DATABASE_URL, or make the other its standby`,
    );
  }
  const rival = others.find(({ timeline }) => timeline === newest.timeline);
  if (rival !== undefined) {
    throw new StoreError(
      `Cannot use the database: ${newest.server} and ${rival.server} both take changes since the same promotion (timeline ${
        parseInt(newest.timeline!, 16)
      }); stop one of them, and make it a standby of the other`,
    );
  }
  return newest;
}
