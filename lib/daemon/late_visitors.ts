import type { IdleWatch } from "../net/idle_watch.ts";
import type { PredecessorWord, SuccessorWord } from "../admin/hand_over.ts";
import { type Schedule, scheduleTimeout } from "../net/schedule.ts";
import { listenOnce } from "../net/serve_socket.ts";
import { closeQuietly, splice } from "../net/splice.ts";
import { GRACE_MS } from "../session/coming_back.ts";
import { CONNECT_TICKET_MS } from "../session/session.ts";
import type { Sessions } from "../session/sessions.ts";
import { meetDialled, type MeetingSession } from "../visitor/meet.ts";
import type { SocketAddress } from "../wire/proxy_protocol.ts";

/**
 * How long the successor may take to bring a client or to say that there is none, milliseconds: as long as a visitor
 * of its own would wait for one who comes back, and is asked then.
 */
export const BROUGHT_ON_MS = GRACE_MS + CONNECT_TICKET_MS;

/** How a visitor's request for a data connection ends, see {@linkcode MeetingSession}. */
type Dialled = Awaited<ReturnType<MeetingSession["dial"]>>;

/** What a late visitor's request is, and how it is said to have failed. */
type Asked = Extract<PredecessorWord, { type: "visitor" }>;
type Unmet = Extract<SuccessorWord, { type: "unmet" }>;

/** Options for {@linkcode LateVisitors}. */
export interface LateVisitorsOptions {
  /** Says it to the successor. */
  ask: (asked: Asked) => void;
  /** A free path for a Unix socket. */
  door: () => string;
  /** @default {setTimeout} */
  schedule?: Schedule;
}

/**
 * Visitors who came to this relay before another process took its place, and whose first bytes came after: their
 * clients bring data connections there by now, so it has them come on to here.
 */
export class LateVisitors {
  readonly #options: LateVisitorsOptions;
  /** Who waits, by their doors. */
  readonly #waiting = new Map<string, (dialled: Dialled) => void>();

  #isOver = false;

  constructor(options: LateVisitorsOptions) {
    this.#options = options;
  }

  /** What a late visitor meets the user by. */
  reach(username: string): MeetingSession {
    return {
      takeParked: () => undefined,
      dial: async (visitor, signal) => {
        try {
          return await this.#dial(username, visitor, signal);
        } catch {
          // No door can be opened: for want of descriptors, mostly.
          return { state: "timeout" };
        }
      },
    };
  }

  /** The successor says that the visitor of a door meets nobody. */
  unmet({ door, state }: Unmet): void {
    this.#waiting.get(door)?.({ state });
  }

  /** The successor is gone, or has not this relay's place: who waits looks again, and who was told of it just now. */
  end(): void {
    this.#isOver = true;
    for (const settle of [...this.#waiting.values()]) settle({ state: "ended" });
  }

  async #dial(username: string, visitor: SocketAddress, signal: AbortSignal): Promise<Dialled> {
    if (this.#isOver || signal.aborted) return { state: "ended" };
    const { ask, door: newDoor, schedule = scheduleTimeout } = this.#options;
    const { promise, resolve } = Promise.withResolvers<Dialled>();
    const door = newDoor();
    let isOver = false;
    const settle = (dialled: Dialled): void => {
      if (isOver && dialled.state === "joined") closeQuietly(dialled.conn);
      isOver = true;
      resolve(dialled);
    };
    const onGone = (): void => settle({ state: "ended" });
    using _listening = listenOnce(door, (conn) => settle({ state: "joined", conn }));
    this.#waiting.set(door, settle);
    signal.addEventListener("abort", onGone, { once: true });
    const callOff = schedule(() => settle({ state: "timeout" }), BROUGHT_ON_MS);
    ask({ type: "visitor", username, visitor, door });
    try {
      return await promise;
    } finally {
      callOff();
      this.#waiting.delete(door);
      signal.removeEventListener("abort", onGone);
    }
  }
}

/**
 * Takes a late visitor of the predecessor's to a client, to their end. Never rejects.
 *
 * @param tell says that it meets nobody.
 * @param idle ends it where the client goes on with a visitor who has left.
 */
export async function meetForPredecessor(
  sessions: Pick<Sessions, "find">,
  { username, visitor, door }: Asked,
  tell: (unmet: Unmet) => void,
  idle?: IdleWatch,
): Promise<void> {
  // What is sent first the predecessor has.
  const met = await meetDialled({
    source: visitor,
    find: (signal) => sessions.find(username, signal),
    signal: new AbortController().signal,
  });
  if (met.state !== "joined") {
    const refused = met.state === "not-responding" && met.why !== "timeout" ? "refused" : "timeout";
    return tell({ type: "unmet", door, state: met.state === "offline" ? "offline" : refused });
  }
  try {
    await splice(await Deno.connect({ transport: "unix", path: door }), met.conn, { idle });
  } catch {
    closeQuietly(met.conn);
    // To who has not left: descriptors are wanting here.
    tell({ type: "unmet", door, state: "timeout" });
  }
}
