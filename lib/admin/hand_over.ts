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
   * Sends the clients to the successor, those first whose visitors wait there, and ends once the
   * visitors it has are gone. Resolves when it can be reached for commands no more.
   */
  leaveClients(): Promise<void>;
}

/** Several relays whose places one takes together: each step is done once all have done it. */
export function handOverOf(relays: readonly [HandOver, ...HandOver[]]): HandOver {
  async function standing(step: (relay: HandOver) => Promise<Standing>): Promise<Standing> {
    const [first, ...others] = await Promise.all(relays.map(step));
    const online = new Set([first!, ...others].flatMap(({ online }) => online));
    return { online: [...online], ports: first!.ports };
  }
  async function all(step: (relay: HandOver) => Promise<void>): Promise<void> {
    await Promise.all(relays.map(step));
  }
  return {
    look: () => standing((relay) => relay.look()),
    leaveVisitors: () => standing((relay) => relay.leaveVisitors()),
    resume: () => all((relay) => relay.resume()),
    leaveClients: () => all((relay) => relay.leaveClients()),
  };
}
