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

/**
 * Several relays whose places one takes together: each step is done once all have done it. It fails with
 * any of them, and then too no other is amid it; but once some have left for good, who cannot be asked to
 * counts as gone.
 */
export function handOverOf(relays: readonly [HandOver, ...HandOver[]]): HandOver {
  async function standing(step: (relay: HandOver) => Promise<Standing>): Promise<Standing> {
    const [first, ...others] = await all(step);
    const online = new Set([first!, ...others].flatMap(({ online }) => online));
    return { online: [...online], ports: first!.ports };
  }
  async function all<T>(step: (relay: HandOver) => Promise<T>): Promise<T[]> {
    const steps = relays.map(step);
    await Promise.allSettled(steps);
    return await Promise.all(steps);
  }
  return {
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
