import type { OwnPart, Predecessor, Standing } from "../admin/hand_over.ts";
import type { Settings } from "../config/settings.ts";
import { doorPath } from "../file/socket_path.ts";
import type { Log } from "../log.ts";
import { JsonLine } from "../net/json_line.ts";
import { sleep } from "../net/pause.ts";
import { type Schedule, scheduleTimeout } from "../net/schedule.ts";
import { listenOnce } from "../net/serve_socket.ts";
import type { ControlSockets } from "../session/control_sockets.ts";
import type { PresenceChange, Sessions } from "../session/sessions.ts";
import type { Hub } from "../visitor/hub.ts";
import type { Clients } from "./clients.ts";
import type { LeftBehind } from "./left_behind.ts";
import type { Place } from "./listeners.ts";
import type { Notice } from "./notice.ts";
import type { Servers } from "./servers.ts";
import { Successor } from "./successor.ts";

/** How long those who are on their way in when the relay stops may take to meet their clients. */
export const SETTLE_MS = 500;

/**
 * How long a successor may take between its two steps, before it is taken for dead, milliseconds; the end of one with a
 * line is seen at once.
 */
const STEP_MS = { withLine: 15_000, without: 5_000 } as const;

/** When the last client has been sent to the successor at the latest, milliseconds. */
const SENT_WITHIN_MS = 30_000;

/** How long those are waited for who came before the successor and have met neither client nor page, milliseconds. */
const LATE_WITHIN_MS = 30_000;

/** How long a client is given to come to a successor that does not tell, milliseconds. */
const UNTOLD_MS = 100;

/** Options for {@linkcode OwnHandOver}. */
export interface OwnHandOverOptions {
  sessions: Pick<Sessions, "get" | "usernames" | "comingBack">;
  /** Told what becomes of users here. */
  changes: Notice<[username: string, change: PresenceChange]>;
  control: Pick<ControlSockets, "replace" | "recheck" | "sendOver">;
  /** Where it is told by way of which successor visitors who come late meet their clients. */
  beyond: Pick<Clients["beyond"], "successor" | "isHandedOver">;
  /** Who is still at the relay whose place this one took. */
  behind: Pick<LeftBehind, "usernames" | "stop">;
  hub: Pick<Hub, "settled" | "dropVisitors">;
  servers: Pick<Servers, "open" | "stop">;
  /** Told that its successor has read the settings again. */
  reloadTold: Pick<Notice<void>, "tell">;
  /** Where each listener is, by name. */
  addresses: () => [name: string, place: Place][];
  settings: Pick<Settings, "stateDir">;
  log: Log;
  /** @default {setTimeout} */
  schedule?: Schedule;
}

/** This relay's part when another process takes its place. */
export class OwnHandOver implements OwnPart {
  readonly #options: OwnHandOverOptions;
  readonly #done = Promise.withResolvers<boolean>();
  #isDone = false;
  #isStopped = false;
  /** Set while a successor is between its two steps. */
  #callOffResume: (() => void) | undefined;
  #successor: Successor | undefined;
  /** Where its successor opens the line, until it has. */
  #door: Disposable | undefined;

  constructor(options: OwnHandOverOptions) {
    this.#options = options;
    options.changes.on((change) => this.#successor?.note(...change));
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

  openLine(): string {
    const { sessions, control, hub, beyond, reloadTold, settings } = this.#options;
    if (this.#isStopped) throw new Error("this relay stops");
    const path = doorPath(settings.stateDir);
    this.#door?.[Symbol.dispose]();
    this.#door = listenOnce(path, (conn) => {
      this.#successor?.close();
      const successor = new Successor({
        ...{ sessions, control, hub, line: new JsonLine(conn) },
        reload: reloadTold.tell,
        door: () => doorPath(settings.stateDir),
      });
      this.#successor = successor;
      successor.gone.then(() => {
        if (this.#successor !== successor) return;
        this.#successor = undefined;
        beyond.successor = undefined;
        this.#goOn("it has ended");
      });
    });
    return path;
  }

  look(): Promise<Standing> {
    const { sessions, behind, addresses } = this.#options;
    const online = [sessions.usernames(), sessions.comingBack.usernames(), behind.usernames()];
    return Promise.resolve({
      online: [...new Set(online.flatMap((names) => [...names]))],
      ports: Object.fromEntries(addresses().map(([name, { port }]) => [name, port])),
    });
  }

  async leaveVisitors(): Promise<Standing> {
    const { sessions, hub, beyond, servers, log, schedule = scheduleTimeout } = this.#options;
    log.info("another process takes this relay's place");
    // Anew for each: one that died may have had another behind it.
    this.#callOffResume?.();
    const stepMs = this.#successor === undefined ? STEP_MS.without : STEP_MS.withLine;
    this.#callOffResume = schedule(() => this.#goOn("it does nothing any more"), stepMs);
    await servers.stop("visitors");
    await hub.settled(SETTLE_MS);
    if (this.#callOffResume === undefined && !this.#isStopped) {
      throw new Error("this relay goes on by now");
    }
    await servers.stop("data");
    beyond.successor = this.#successor;
    for (const username of sessions.usernames()) sessions.get(username)?.askAnew();
    return await this.look();
  }

  resume(): Promise<void> {
    this.#goOn("it failed");
    return Promise.resolve();
  }

  leaveClients(): Promise<void> {
    this.#awaitNoMore();
    // Who is still there comes to the successor from now on.
    this.#options.behind.stop();
    this.#isDone = true;
    this.#options.beyond.isHandedOver = true;
    this.#done.resolve(true);
    return Promise.resolve();
  }

  /** Sends the clients to the successor; resolves when they have come there and closed here. */
  async sendClients(): Promise<void> {
    const { control, hub } = this.#options;
    // Another one takes its place only then, and to that they have no way.
    const late = hub.settled(LATE_WITHIN_MS);
    await control.sendOver((username) => this.#arrival(username), { withinMs: SENT_WITHIN_MS });
    late.then(() => this.#successor?.moved());
  }

  /** The relay stops, and goes on in no case; its successor is still told what becomes of users. */
  stop(): void {
    this.#isStopped = true;
    this.#door?.[Symbol.dispose]();
  }

  /** Has nothing to do with a successor any more. */
  close(): void {
    this.#awaitNoMore();
    this.#successor?.close();
  }

  /** Resolves when a user has come to the successor who is sent there now, or that is not to be known. */
  async #arrival(username: string): Promise<void> {
    await (this.#successor?.arrival(username) ?? sleep(UNTOLD_MS));
  }

  /** It is known what comes of the successor. */
  #awaitNoMore(): void {
    this.#callOffResume?.();
    this.#callOffResume = undefined;
  }

  #goOn(why: string): void {
    const { beyond, servers, log } = this.#options;
    if (this.#callOffResume === undefined) return;
    this.#awaitNoMore();
    beyond.successor = undefined;
    this.#successor?.endVisits();
    if (this.#isStopped) return;
    log.error("the other process does not take this relay's place, so it goes on", { why });
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
 * Takes another relay's place: at no moment nobody listens, nobody who is online counts as away, and visitors meet
 * clients where these are.
 *
 * @throws {Error} when one of the steps fails; the other relay goes on then, if it can.
 */
export async function takeOver(
  predecessor: Predecessor,
  { sessions, behind, servers, log, signal }: {
    sessions: Pick<Sessions, "await" | "get">;
    behind: Pick<LeftBehind, "watch" | "has">;
    servers: Pick<Servers, "open">;
    log: Log;
    /** Aborted when this process is to stop: the other relay goes on then. */
    signal?: AbortSignal | undefined;
  },
): Promise<void> {
  function expect({ online }: Standing): void {
    for (const username of online) {
      if (sessions.get(username) === undefined && !behind.has(username)) sessions.await(username);
    }
  }
  await behind.watch(predecessor).catch((error) =>
    log.warn("visitors wait for clients who are still at the other relay", { error })
  );
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
