import { ReadAhead } from "../net/read_ahead.ts";
import { type Schedule, scheduleTimeout } from "../net/schedule.ts";
import { closeQuietly, type Duplex, writeAll } from "../net/splice.ts";
import { meetDialled, type MeetingSession, type MeetOptions } from "./meet.ts";

/**
 * How long a client may be silent on a parked connection before another one is asked for: it answers a
 * ClientHello within a round trip.
 */
export const DOUBT_MS = 1_000;

/** What a visitor says before it got an answer, besides its hello: early data, 16 KiB at most mostly. */
const MAX_KEPT_BYTES = 32 * 1024;

/** What {@linkcode doubted} needs to come to another connection. */
export interface DoubtedOf
  extends Pick<DoubtedOptions, "opening" | "onReplaced">, Pick<MeetOptions, "source" | "find"> {
  /** The user's session, whose other parked connections may be dead as well. */
  session: () => MeetingSession | undefined;
}

/**
 * The connection to go on with in the place of one that a visitor was joined to: a parked one is
 * {@linkcode Doubted}, one that the client was just asked for is alive.
 */
export function doubted(conn: Duplex, options: DoubtedOf): Duplex {
  if (!(conn instanceof ReadAhead)) return conn;
  const { session, source, find } = options;
  return new Doubted(conn, {
    ...options,
    schedule: scheduleTimeout,
    async another(signal) {
      session()?.distrust?.(conn);
      const met = await meetDialled({ source, find, signal });
      return met.state === "joined" ? met.conn : undefined;
    },
  });
}

/** Options for {@linkcode Doubted}. */
export interface DoubtedOptions {
  /** What the connection was sent before, and another has to be sent too. */
  opening: Uint8Array;
  /** Asks the client for another connection; undefined when it does not come. */
  another: (signal: AbortSignal) => Promise<Duplex | undefined>;
  /** Called when another one answered in the place of the first. */
  onReplaced?: () => void;
  schedule: Schedule;
}

/**
 * A parked connection that may be dead, as a NAT that forgot it tells nobody: until its client answers,
 * another can take its place.
 *
 * Where it ends or stays silent, the client is asked for another, which is told all that the first
 * was; the one that answers first stays. The visitor has seen no byte by then, and sees none of this.
 */
export class Doubted implements Duplex {
  readonly #options: DoubtedOptions;
  readonly #decided: PromiseWithResolvers<void> = Promise.withResolvers();
  /** Calls off the question for another, while that is asked. */
  #asking: AbortController | undefined;
  /** The one that answered; until then the first. */
  #conn: Duplex;
  /** Those that may still answer; none once one did. */
  #open: ReadAhead[];
  /** Those of them that were told all that the visitor said. */
  #told: ReadAhead[];
  #kept: Uint8Array[] = [];
  #keptBytes = 0;
  #ended = false;
  #isDecided = false;
  #isClosed = false;

  constructor(first: ReadAhead, options: DoubtedOptions) {
    this.#options = options;
    this.#conn = first;
    this.#open = [first];
    this.#told = [first];
    // No asynchronous function and no race: nearly every client answers, and each visitor would pay for them.
    let isJudged = false;
    const judge = (answered: boolean): void => {
      if (isJudged) return;
      isJudged = true;
      callOff();
      // Also where the visitor left.
      if (answered || this.#isClosed) this.#keep(first);
      else this.#replace(first);
    };
    const callOff = options.schedule(() => judge(false), DOUBT_MS);
    first.first.then((n) => judge(n !== null), () => judge(false));
  }

  /** Asks for another in the place of the first, and keeps the one that answers first. */
  async #replace(first: ReadAhead): Promise<void> {
    const { another, onReplaced } = this.#options;
    // Not sooner: to make one and to abort it would cost each visitor more than a read.
    const asking = this.#asking = new AbortController();
    answer(first).then((yes) => {
      if (!yes) return;
      // It was slow: nobody waits for another then, which may take long, or never come.
      this.#keep(first);
      asking.abort();
    });
    const next = await another(asking.signal).catch(() => undefined);
    if (next === undefined) return this.#keep(first);
    if (this.#isClosed || this.#isDecided) {
      closeQuietly(next);
      return this.#keep(first);
    }
    const second = new ReadAhead(next, () => {});
    // One that takes nothing ends with this one, or once the first answers.
    this.#open.push(second);
    const told = this.#tellAll(second);
    const one = await Promise.race([
      answer(first).then((yes) => yes ? first : told.then(() => second)),
      Promise.all([answer(second), told]).then(([yes]) => yes ? second : first),
    ]);
    this.#keep(one);
    // Whatever came of the race: the first may have been kept in the same moment.
    closeQuietly(this.#conn === first ? second : first);
    if (this.#conn === second) onReplaced?.();
  }

  /** Tells a further connection what the first was told, and from then on both. */
  async #tellAll(conn: ReadAhead): Promise<void> {
    try {
      await writeAll(conn, this.#options.opening);
      // More may come while this is written.
      for (let i = 0; i < this.#kept.length; i++) await writeAll(conn, this.#kept[i]!);
      if (this.#isDecided) return;
      this.#told.push(conn);
      if (this.#ended) await conn.closeWrite();
    } catch {
      // It ended: it will not answer.
    }
  }

  /** Goes on with this one from now on, unless one is kept already. */
  #keep(conn: ReadAhead): void {
    if (this.#isDecided) return;
    this.#conn = conn;
    this.#isDecided = true;
    // A visitor may stay for days.
    this.#open = [];
    this.#told = [];
    this.#kept = [];
    this.#asking = undefined;
    this.#decided.resolve();
  }

  read(p: Uint8Array): Promise<number | null> {
    return this.#isDecided
      ? this.#conn.read(p)
      : this.#decided.promise.then(() => this.#conn.read(p));
  }

  write(p: Uint8Array): Promise<number> {
    return this.#isDecided ? this.#conn.write(p) : this.#writeToAll(p);
  }

  /** Writes to all who were told the rest, and keeps it for who comes yet. */
  async #writeToAll(p: Uint8Array): Promise<number> {
    if (this.#keptBytes + p.length > MAX_KEPT_BYTES) {
      await this.#decided.promise;
      return await this.#conn.write(p);
    }
    this.#kept.push(p.slice());
    this.#keptBytes += p.length;
    // One that is dead takes nothing, which is not the visitor's end.
    await Promise.all(this.#told.map((conn) => writeAll(conn, p).catch(() => {})));
    return p.length;
  }

  closeWrite(): Promise<void> {
    this.#ended = true;
    return this.#isDecided ? this.#conn.closeWrite() : this.#endAll();
  }

  async #endAll(): Promise<void> {
    await Promise.all(this.#told.map((conn) => conn.closeWrite().catch(() => {})));
  }

  close(): void {
    this.#isClosed = true;
    this.#asking?.abort();
    for (const conn of this.#open) closeQuietly(conn);
    this.#conn.close();
  }
}

/** Whether the peer says something at all. */
function answer(conn: ReadAhead): Promise<boolean> {
  return conn.first.then((n) => n !== null, () => false);
}
