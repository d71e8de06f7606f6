import { type AdminClient, adminsOf, connectAdmin } from "../admin/client.ts";
import type { HandOver, Standing } from "../admin/hand_over.ts";
import type { Settings } from "../config/settings.ts";
import type { Log } from "../log.ts";
import { type Schedule, scheduleTimeout } from "../net/schedule.ts";
import type { Sessions } from "../session/sessions.ts";
import type { Hub } from "../visitor/hub.ts";
import type { Place } from "./listeners.ts";
import type { Servers } from "./servers.ts";
import { watchSuccessor } from "./successor.ts";

/** How long those who are on their way in when the relay stops may take to meet their clients. */
export const SETTLE_MS = 500;

/** How long a successor may take between its two steps, before it is taken for dead. */
const STEP_MS = 15_000;

/** Options for {@linkcode OwnHandOver}. */
export interface OwnHandOverOptions {
  sessions: Pick<Sessions, "usernames" | "comingBack">;
  hub: Pick<Hub, "settled">;
  servers: Pick<Servers, "open" | "stop">;
  /** Where each listener is, by name. */
  addresses: () => [name: string, place: Place][];
  settings: Pick<Settings, "stateDir">;
  /** Which of the relay's processes it is. */
  process: number;
  log: Log;
  /** @default {setTimeout} */
  schedule?: Schedule;
  /** @default {watchSuccessor} */
  watch?: typeof watchSuccessor;
}

/** This relay's part when another process takes its place. */
export class OwnHandOver implements HandOver {
  readonly #options: OwnHandOverOptions;
  readonly #done = Promise.withResolvers<boolean>();
  #isDone = false;
  /** Set while a successor is between its two steps. */
  #callOffResume: (() => void) | undefined;
  #watchNoMore: (() => void) | undefined;

  constructor(options: OwnHandOverOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the relay is to stop: true once the successor has all but the visitors who are here,
   * false when there is none and this relay cannot go on.
   */
  get done(): Promise<boolean> {
    return this.#done.promise;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  look(): Promise<Standing> {
    const { sessions, addresses } = this.#options;
    return Promise.resolve({
      online: [...sessions.usernames(), ...sessions.comingBack.usernames()],
      ports: Object.fromEntries(addresses().map(([name, { port }]) => [name, port])),
    });
  }

  async leaveVisitors(): Promise<Standing> {
    const { hub, servers, settings, process, log } = this.#options;
    const { schedule = scheduleTimeout, watch = watchSuccessor } = this.#options;
    log.info("another process takes this relay's place");
    // Anew for each: one that died may have had another behind it.
    this.stop();
    this.#callOffResume = schedule(() => this.#goOn("it does nothing any more"), STEP_MS);
    this.#watchNoMore = watch(settings.stateDir, process, () => this.#goOn("it has ended"));
    await servers.stop("visitors");
    await hub.settled(SETTLE_MS);
    if (this.#callOffResume === undefined) throw new Error("this relay goes on by now");
    await servers.stop("data");
    return await this.look();
  }

  resume(): Promise<void> {
    this.#goOn("it failed");
    return Promise.resolve();
  }

  leaveClients(): Promise<void> {
    this.stop();
    this.#isDone = true;
    this.#done.resolve(true);
    return Promise.resolve();
  }

  /** Waits for the successor no more: the relay stops, or it is known what comes of it. */
  stop(): void {
    this.#callOffResume?.();
    this.#watchNoMore?.();
    this.#callOffResume = this.#watchNoMore = undefined;
  }

  #goOn(why: string): void {
    const { servers, log } = this.#options;
    if (this.#callOffResume === undefined) return;
    log.error("the other process does not take this relay's place, so it goes on", { why });
    this.stop();
    try {
      servers.open("visitors", "data");
    } catch (error) {
      // Half of a relay is none: whoever supervises it starts it again.
      log.error("cannot go on", { error });
      this.#done.resolve(false);
    }
  }
}

/**
 * Takes another relay's place: at no moment nobody listens, and nobody who is online counts as away.
 *
 * @throws {Error} when one of the steps fails; the other relay goes on then, if it can.
 */
export async function takeOver(
  predecessor: HandOver,
  { sessions, servers, signal }: {
    sessions: Pick<Sessions, "await" | "get">;
    servers: Pick<Servers, "open">;
    /** Aborted when this process is to stop: the other relay goes on then. */
    signal?: AbortSignal | undefined;
  },
): Promise<void> {
  function expect({ online }: Standing): void {
    for (const username of online) {
      if (sessions.get(username) === undefined) sessions.await(username);
    }
  }
  expect(await predecessor.look());
  servers.open("visitors");
  try {
    // Who came meanwhile, too; and for all the time begins now.
    expect(await predecessor.leaveVisitors());
    servers.open("data", "control");
    signal?.throwIfAborted();
  } catch (error) {
    await predecessor.resume().catch(() => {});
    throw error;
  }
  await predecessor.leaveClients();
}

/**
 * Asks the relay that has this one's place whose visitors wait there; it may not be reached yet, or not
 * know what it is asked.
 */
export function askSuccessor(stateDir: string, process: number): () => Promise<string[]> {
  let successor: AdminClient | undefined;
  return async () => {
    try {
      successor ??= await connectAdmin(stateDir, process);
      if (successor !== undefined) return await successor.waitedFor();
      // Of a relay of fewer processes another one has this one's place: nobody tells which.
      const asked = adminsOf(stateDir).map((admin) => admin.waitedFor().catch(() => []));
      return (await Promise.all(asked)).flat();
    } catch {
      return [];
    }
  };
}
