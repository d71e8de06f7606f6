import type { JsonLine } from "../net/json_line.ts";
import type { SocketAddress } from "../wire/proxy_protocol.ts";

/** How a relay stands that another process is to take the place of. */
export interface Standing {
  /** Usernames of those online, and of those who count as coming back. */
  online: string[];
  /** Port of each of its listeners, by name. */
  ports: Record<string, number>;
}

/**
 * What a relay does for its successor, step by step, so that at no moment nobody listens: the successor
 * opens each listener before its predecessor closes it, except the data port, whose tickets are good at
 * the relay that issued them.
 */
export interface HandOver {
  look(): Promise<Standing>;
  /** Accepts no more visitors; those on their way in meet their clients. Then frees the data port. */
  leaveVisitors(): Promise<Standing>;
  /** The successor failed: accepts as before. */
  resume(): Promise<void>;
  /**
   * Sends the clients to the successor, and ends once the visitors it has are gone. Resolves when it can be
   * reached for commands no more.
   */
  leaveClients(): Promise<void>;
}

/** A relay's own part, as it is asked for it. */
export interface OwnPart extends HandOver {
  /** Waits for its successor at a Unix socket, whose path is returned: for the line between them. */
  openLine(): string;
}

/** What a relay says to its successor. */
export type PredecessorWord =
  /** They are online here: all who are at first, then who comes. */
  | { type: "online"; usernames: string[] }
  | { type: "left"; username: string; comingBack: boolean }
  /** Nobody is online here any more, nor will be, and no visitor will have to meet a client. */
  | { type: "moved" }
  /** The client cannot serve the visitor of this `connect`. */
  | { type: "refused"; username: string; ticket: string }
  /** The client showed this ticket here: it is to be asked anew. */
  | { type: "strayed"; username: string; ticket: string }
  /** A visitor came here too late for a client to: to be met, and joined with whom this Unix socket's path leads to. */
  | { type: "visitor"; username: string; visitor: SocketAddress; door: string };

/** What it hears of that: */
export type SuccessorWord<Message = unknown> =
  /** They are online there. */
  | { type: "arrived"; username: string }
  /** They are online at another relay, or process of this one: nobody waits for their coming, should they be sent. */
  | { type: "elsewhere"; username: string }
  /** A token of theirs holds no more. */
  | { type: "revoked"; username: string }
  /** The settings were read again there: it is to do so, too. */
  | { type: "reload" }
  /** The visitor of this `door` meets nobody. */
  | { type: "unmet"; door: string; state: "offline" | "refused" | "timeout" }
  /** To be passed on to the client as it is (PROTOCOL section 2). */
  | { type: "pass"; username: string; message: Message };

/** The line between a relay and its successor, as that one has it. */
export type PredecessorLine = JsonLine<SuccessorWord, PredecessorWord>;

/** A relay, as its successor sees it. */
export interface Predecessor extends HandOver {
  /**
   * Opens the line to it, by which visitors of the successor meet clients that are still there, and each
   * of the two notices at once when the other one ends; one for each relay.
   */
  lines(): Promise<PredecessorLine[]>;
}

/**
 * Several relays whose places one takes together: each step is done once all have done it. It fails with
 * any of them, and then too no other is amid it; but once some have left for good, who cannot be asked to
 * counts as gone.
 */
export function handOverOf(relays: readonly [Predecessor, ...Predecessor[]]): Predecessor {
  async function standing(step: (relay: Predecessor) => Promise<Standing>): Promise<Standing> {
    const [first, ...others] = await all(step);
    const online = new Set([first!, ...others].flatMap(({ online }) => online));
    return { online: [...online], ports: first!.ports };
  }
  async function all<T>(step: (relay: Predecessor) => Promise<T>): Promise<T[]> {
    const steps = relays.map(step);
    await Promise.allSettled(steps);
    return await Promise.all(steps);
  }
  return {
    async lines() {
      const opened = await Promise.allSettled(relays.map((relay) => relay.lines()));
      const lines = opened.flatMap((each) => each.status === "fulfilled" ? each.value : []);
      const failed = opened.find((each) => each.status === "rejected");
      if (failed === undefined) return lines;
      // Nobody would say a word at them.
      for (const line of lines) line.close();
      throw failed.reason;
    },
    look: () => standing((relay) => relay.look()),
    leaveVisitors: () => standing((relay) => relay.leaveVisitors()),
    resume: async () => void await all((relay) => relay.resume()),
    leaveClients: async () => {
      const steps = relays.map((relay) => relay.leaveClients());
      const ended = await Promise.allSettled(steps);
      if (ended.every(({ status }) => status === "rejected")) await steps[0];
    },
  };
}
