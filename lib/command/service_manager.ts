import { innerSocketPath } from "../file/socket_path.ts";
import type { CommandContext } from "./command.ts";

/** Who wants to hear from the relay. */
export interface Listener {
  /** Sends lines of sd_notify(3); never rejects. */
  send: (text: string) => Promise<void>;
  /** Silence after which it takes the relay for stuck, milliseconds. @default {Infinity} */
  watchdogMs?: number;
  close?: () => void;
}

/** Where a service manager listens, and how often it wants to hear from its service. */
export interface ServiceManagerOptions {
  /** Path of its socket: `NOTIFY_SOCKET`. */
  socket: string;
  /** Silence after which it takes the service for stuck, milliseconds; from `WATCHDOG_USEC`. */
  watchdogMs?: number;
}

/** Longest time between two messages: how old a status may be, milliseconds. */
const LONGEST_PAUSE_MS = 10_000;

/**
 * Tells whoever supervises the relay how it stands, by sd_notify(3): a unit of `Type=notify`, or the process that
 * started this one.
 *
 * They hear from the relay at least twice within the watchdog's time, by a timer of the event loop: one
 * that is stuck is noticed.
 */
export class ServiceManager {
  readonly #listener: Listener;
  readonly #beat: ReturnType<typeof setInterval>;
  #status = (): string => "starting";

  constructor(listener: Listener) {
    this.#listener = listener;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, (listener.watchdogMs ?? Infinity) / 2);
    this.#beat = setInterval(() => this.#send("WATCHDOG=1"), pauseMs);
  }

  /** The relay is ready. @param status tells how it is, in one line; asked again and again. */
  ready(status: () => string): Promise<void> {
    this.#status = status;
    return this.#send("READY=1");
  }

  /** The relay stops, within the unit's `TimeoutStopSec`. */
  stopping(): Promise<void> {
    this.#status = () => "stopping";
    return this.#send("STOPPING=1");
  }

  /** Another process has the relay's place; no word of systemd's. */
  left(): Promise<void> {
    return this.#send("X_LEFT=1");
  }

  /** Ends it; nothing is said any more. */
  close(): void {
    clearInterval(this.#beat);
    this.#listener.close?.();
  }

  #send(state: string): Promise<void> {
    return this.#listener.send(`${state}\nSTATUS=${this.#status().replaceAll("\n", " ")}\n`);
  }
}

/**
 * The service manager that listens on a socket.
 *
 * @param ownPath a free path for a socket of the relay's, which is gone at once.
 * @throws {Error} when that cannot be made.
 */
export function atSocket(options: ServiceManagerOptions, ownPath: string): Listener {
  const conn = Deno.listenDatagram({ transport: "unixpacket", path: ownPath });
  // Nobody answers, so nobody needs to find it; and nothing is left behind by whoever is killed.
  Deno.removeSync(ownPath);
  // A name that begins with @ is one of the kernel's, without a file (unix(7)).
  const to: Deno.UnixAddr = {
    transport: "unixpacket",
    path: options.socket.replace(/^@/, "\0"),
  };
  return {
    ...options,
    async send(text) {
      // Nobody there is no reason not to run.
      await conn.send(new TextEncoder().encode(text), to).catch(() => {});
    },
    close: () => conn.close(),
  };
}

/** The service manager that a command is run by, if there is one. @param stateDir which is there. */
export function managerOf(
  { serviceManager }: Pick<CommandContext, "serviceManager">,
  { stateDir }: { stateDir: string },
): Listener | undefined {
  return serviceManager && atSocket(serviceManager, innerSocketPath(stateDir));
}
