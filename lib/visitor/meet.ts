import type { SocketAddress } from "../wire/proxy_protocol.ts";
import { type Schedule, scheduleTimeout } from "../net/schedule.ts";
import { closeQuietly, type Duplex, writeAll } from "../net/splice.ts";

/** Sessions that may end under one waiting visitor before it gets the status page. */
const MAX_SESSIONS_TRIED = 3;

/**
 * How long a client may take to take what a data connection is sent first, milliseconds. The kernel takes all of it
 * at once, unless the client has it keep next to nothing, and reads nothing: nothing else would ever end that.
 */
export const OPENING_MS = 5_000;

/** The part of a client's session that a visitor meets it by. */
export interface MeetingSession {
  /** Gets and removes a parked data connection, which may have died unnoticed. */
  takeParked(): Duplex | undefined;
  /** The one that was taken turned out to be dead; others may be as well. */
  distrust?(conn: Duplex): void;
  /** Whether the client had a byte in time for a visitor who was joined with it, and came at a time of `performance.now()`. */
  noteAnswer?(answered: boolean, cameAt: number): void;
  /** Asks the client for a data connection. */
  dial(
    visitor: SocketAddress,
    signal: AbortSignal,
  ): Promise<
    { state: "joined"; conn: Duplex } | { state: "refused" | "timeout" | "ended" | "offline" }
  >;
}

/** Options for {@linkcode meet}. */
export interface MeetOptions {
  /** What the client is told when it is asked. */
  source: SocketAddress;
  /** What the data connection is sent first, see {@linkcode openingBytes}. */
  opening: Uint8Array;
  /** The user's session, after a wait for one that is coming back. */
  find: (signal: AbortSignal) => Promise<MeetingSession | undefined>;
  /** Aborted when the visitor is gone. */
  signal: AbortSignal;
  /** @default {scheduleTimeout} */
  schedule?: Schedule;
}

/** How a visitor got its data connection. */
export type MetHow = { how: "parked" } | { how: "dialled"; dialMs: number };

/**
 * What is told of a visitor's data connections: `replaced`, by one that the client was asked for since
 * the parked one was dead, comes after `parked`.
 */
export type JoinedHow = MetHow | { how: "replaced" };

/**
 * A client that was met: `conn` has been sent the opening; the caller closes it. `dialMs` is how long
 * the client took to come when it was asked.
 */
export type MetClient = { state: "joined"; conn: Duplex } & MetHow;

/** Why a client that is online was not met. */
export interface NotMet {
  state: "not-responding";
  why: "refused" | "timeout" | "lost" | "stuck";
}

/** How a visitor and a client met. */
export type Met =
  | MetClient
  | { state: "offline" }
  /** The visitor is gone. */
  | { state: "left" }
  | NotMet;

/**
 * Finds a data connection for a visitor: a parked one if there is any, since that costs no round
 * trip, else one that the client is asked for.
 */
export async function meet(options: MeetOptions): Promise<Met> {
  const { source, opening, find, signal, schedule } = options;
  for (let tried = 0; tried < MAX_SESSIONS_TRIED; tried++) {
    const session = await find(signal);
    // Else a parked connection would be spent on nobody.
    if (signal.aborted) return { state: "left" };
    if (session === undefined) return { state: "offline" };

    const parked = await meetParked(session, opening, schedule);
    if (parked !== undefined) return parked;
    const askedAt = performance.now();
    const dialled = await session.dial(source, signal);
    if (dialled.state === "joined") {
      const dialMs = performance.now() - askedAt;
      const how = await open(dialled.conn, opening, schedule);
      if (how !== "opened") return { state: "not-responding", why: how };
      return { state: "joined", conn: dialled.conn, how: "dialled", dialMs };
    }
    if (dialled.state === "offline") return { state: "offline" };
    if (dialled.state !== "ended") return { state: "not-responding", why: dialled.state };
    // The session ended while we waited: its successor may be on its way.
  }
  return signal.aborted ? { state: "left" } : { state: "offline" };
}

/**
 * Has the client asked for a data connection, where none that is parked would do: whether that is alive shows with what
 * it is sent first, which is not to be sent here.
 */
export function meetDialled(
  { find, ...options }: Pick<MeetOptions, "source" | "find" | "signal">,
): Promise<Met> {
  return meet({
    ...options,
    opening: new Uint8Array(0),
    async find(signal) {
      const session = await find(signal);
      return session && {
        takeParked: () => undefined,
        dial: (...asked) => session.dial(...asked),
      };
    },
  });
}

/** Finds a parked connection for a visitor; those that died unnoticed are passed over. */
export async function meetParked(
  session: MeetingSession,
  opening: Uint8Array,
  schedule?: Schedule,
): Promise<MetClient | NotMet | undefined> {
  for (let conn = session.takeParked(); conn !== undefined; conn = session.takeParked()) {
    const how = await open(conn, opening, schedule);
    if (how === "opened") return { state: "joined", conn, how: "parked" };
    // So are the others, most likely.
    if (how === "stuck") return { state: "not-responding", why: how };
  }
}

/** Sends a connection the opening; closes it where that cannot be, or takes too long. */
function open(
  conn: Duplex,
  opening: Uint8Array,
  schedule: Schedule = scheduleTimeout,
): Promise<"opened" | "lost" | "stuck"> {
  // No asynchronous function and no race: each visitor would pay for them.
  return new Promise((resolve) => {
    function settle(how: "opened" | "lost" | "stuck"): void {
      callOff();
      // Closing it ends the write that waits, but not in every version of the runtime.
      if (how !== "opened") closeQuietly(conn);
      resolve(how);
    }
    const callOff = schedule(() => settle("stuck"), OPENING_MS);
    writeAll(conn, opening).then(() => settle("opened"), () => settle("lost"));
  });
}
