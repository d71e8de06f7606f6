import type { Log } from "../../lib/log.ts";
import type { Schedule } from "../../lib/net/schedule.ts";
import {
  type DataConnection,
  Foreign,
  NoVisitor,
  type TicketOptions,
  useTicket,
} from "./data_connection.ts";
import type { DataLine, Transport } from "./data_line.ts";
import type { DataAddress } from "./data_path.ts";

/** How long the relay may take to answer on one transport, milliseconds. */
const OPEN_TIMEOUT_MS = 5_000;

/** The same for TCP where the relay has WebSockets to try after it: the visitor's ticket lives 10 s. */
const FIRST_TRY_MS = 3_000;

/** How long a connection lasts at least that was not ended by something on the way, milliseconds. */
const STEADY_MS = 2_000;

/**
 * Times in a row that connections were ended at once before a TCP that never worked in this session counts
 * as useless: a relay may end some too. Those that end together are one time.
 */
const MAX_CUT_OFF = 3;

/** What ends within this time ended together, milliseconds. */
const TOGETHER_MS = 1_000;

/** Time before TCP is tried again in a network where it did not work, milliseconds. */
const TRY_TCP_EVERY_MS = 600_000;

/** What remembers in which networks only WebSockets work. */
export interface NetworkMemory {
  /** Whether this computer is in such a network. */
  isHere(): Promise<boolean>;
  /** Keeps, or forgets, that the network in which this computer has this address is one. */
  note(address: string, onlyWebSockets: boolean): Promise<void>;
}

/** Options for {@linkcode DataTransports}. */
export interface DataTransportsOptions {
  /** The one to use, whatever happens. @default TCP, and WebSockets where that does not work */
  only?: Transport;
  openTcp: (address: DataAddress, signal: AbortSignal) => Promise<DataLine>;
  openSocket: (signal: AbortSignal) => Promise<DataLine>;
  /** Asks the relay whether it has data connections over WebSocket. Never rejects. */
  hasSockets: () => Promise<boolean>;
  memory: NetworkMemory;
  now: () => number;
  schedule: Schedule;
  log: Log;
}

/** How a ticket is to be used. */
export interface DialOptions extends Omit<TicketOptions, "onShown"> {
  /** Called when the ticket was shown, over what. */
  onShown: (transport: Transport) => void;
}

/**
 * Chooses what carries the data connections of one session: TCP to the relay's data port, and where a
 * network lets that not out, WebSockets to the port that the session itself goes to.
 *
 * TCP is tried first, a network in which it did not work is remembered, and tried again by a connection
 * that is parked, for whom no visitor waits.
 */
export class DataTransports {
  readonly #options: DataTransportsOptions;
  #preferred: Promise<Transport> | undefined;
  /** What it was set to last in this session. */
  #learnt: Transport | undefined;
  #hasSockets: Promise<boolean> | undefined;
  #tryTcpAt = 0;
  /** Whether TCP has worked in this session. */
  #proven = false;
  #cutOff = 0;
  #cutOffAt = -Infinity;
  /** Whether TCP connections come about, and what is sent over them does not arrive. */
  #losesBytes = false;

  constructor(options: DataTransportsOptions) {
    this.#options = options;
  }

  /** TCP only seems to work: for the rest of this session it is tried where WebSockets do not. */
  doubtTcp(): void {
    this.#losesBytes = true;
  }

  /**
   * Opens a line by the first transport that works, and uses a ticket on it.
   *
   * @throws {Error} if none works, the one of TCP if that was tried; and as {@linkcode useTicket}.
   */
  async dial(address: DataAddress, options: DialOptions): Promise<DataConnection> {
    let failure: unknown;
    for (const transport of await this.#order(options.endAfterMs !== undefined)) {
      if (failure !== undefined && !(await this.#mayFollow(transport))) break;
      let line: DataLine;
      try {
        line = await this.#open(transport, address, options.signal);
      } catch (error) {
        options.signal.throwIfAborted();
        if (failure === undefined || transport === "tcp") failure = error;
        continue;
      }
      if (transport === "websocket") await this.#prefer(transport, line, address);
      const used = await this.#use(transport, line, options, address);
      if (!(used instanceof Error)) return used;
      failure = used;
    }
    throw failure;
  }

  /** The transports in the order in which they are to be tried; `parked`: nobody waits for it. */
  async #order(parked: boolean): Promise<Transport[]> {
    const { only, memory, now } = this.#options;
    if (only !== undefined) return [only];
    this.#preferred ??= memory.isHere().then((here) => {
      if (here) this.#tryTcpAt = now() + TRY_TCP_EVERY_MS;
      return here ? "websocket" : "tcp";
    });
    const isUseless = this.#losesBytes || this.#cutOff >= MAX_CUT_OFF;
    if (isUseless && await this.#mayFollow("websocket")) return ["websocket", "tcp"];
    if (await this.#preferred === "tcp") return ["tcp", "websocket"];
    if (!parked || now() < this.#tryTcpAt) return ["websocket", "tcp"];
    this.#tryTcpAt = now() + TRY_TCP_EVERY_MS;
    return ["tcp", "websocket"];
  }

  async #mayFollow(transport: Transport): Promise<boolean> {
    if (transport === "tcp") return true;
    this.#hasSockets ??= this.#options.hasSockets();
    const has = await this.#hasSockets;
    if (!has) this.#hasSockets = undefined;
    return has;
  }

  async #open(transport: Transport, address: DataAddress, signal: AbortSignal): Promise<DataLine> {
    const { openTcp, openSocket, schedule } = this.#options;
    const over = new AbortController();
    const callOffs = [schedule(() => end(over), OPEN_TIMEOUT_MS)];
    if (transport === "tcp") callOffs.push(this.#makeWay(over));
    const inTime = AbortSignal.any([signal, over.signal]);
    try {
      return await (transport === "tcp" ? openTcp(address, inTime) : openSocket(inTime));
    } finally {
      for (const callOff of callOffs) callOff();
    }
  }

  /** Ends what waits for TCP when WebSockets are to follow it; returns how to call that off. */
  #makeWay(over: AbortController): () => void {
    const { only, schedule } = this.#options;
    if (only !== undefined) return () => {};
    return schedule(async () => {
      if (await this.#mayFollow("websocket")) end(over);
    }, FIRST_TRY_MS);
  }

  /**
   * Uses a ticket; what went wrong when WebSockets are to follow, since the ticket may still be good: what answered is
   * no relay, or a visitor's ticket got no answer on a TCP that never worked in this session.
   */
  async #use(
    transport: Transport,
    line: DataLine,
    options: DialOptions,
    address: DataAddress,
  ): Promise<DataConnection | Error> {
    const { now } = this.#options;
    const began = now();
    const over = new AbortController();
    const isTcp = transport === "tcp";
    // What a relay answers at once.
    const isDoubtful = isTcp && options.endAfterMs === undefined && !this.#proven;
    const callOff = isDoubtful ? this.#makeWay(over) : undefined;
    let outcome: DataConnection | undefined;
    try {
      outcome = await useTicket(line, {
        ...options,
        signal: AbortSignal.any([options.signal, over.signal]),
        onShown: () => options.onShown(transport),
      });
      const isCutOff = isDoubtful && judge(outcome, now() - began) === false;
      return isCutOff ? new Deno.errors.ConnectionAborted("closed without an answer") : outcome;
    } catch (error) {
      const isForeign = isTcp && error instanceof Foreign;
      if (options.signal.aborted || !(isForeign || isDoubtful)) throw error;
      if (isForeign || over.signal.aborted) this.#cutOff = MAX_CUT_OFF;
      return over.signal.aborted ? new NoVisitor() : error as Error;
    } finally {
      callOff?.();
      if (isTcp && !options.signal.aborted) {
        const works = judge(outcome, now() - began);
        if (works === false) this.#noteCutOff();
        if (works === true) {
          this.#proven = true;
          this.#cutOff = 0;
          if (!this.#losesBytes) await this.#prefer(transport, line, address);
        }
      }
    }
  }

  #noteCutOff(): void {
    const now = this.#options.now();
    if (this.#proven || now - this.#cutOffAt < TOGETHER_MS) return;
    this.#cutOff++;
    this.#cutOffAt = now;
  }

  async #prefer(transport: Transport, line: DataLine, address: DataAddress): Promise<void> {
    const { only, memory, now, log } = this.#options;
    if (only !== undefined || await this.#preferred === transport) return;
    // Those that learn it together are one.
    if (this.#learnt === transport) return;
    this.#learnt = transport;
    this.#preferred = Promise.resolve(transport);
    this.#cutOff = 0;
    this.#tryTcpAt = now() + TRY_TCP_EVERY_MS;
    const { hostname: host, port } = address;
    if (transport === "tcp") log.info("The relay's data port can be used here now", { host, port });
    else {
      log.info(
        "The relay's data port cannot be used in this network: visitors come by WebSockets to the " +
          "relay's own port",
        { host, port },
      );
    }
    await memory.note(line.ownAddress, transport === "websocket");
  }
}

function end(over: AbortController): void {
  over.abort(new DOMException("Signal timed out.", "TimeoutError"));
}

/** Whether a connection says that its way works; undefined when it says nothing. */
function judge(outcome: DataConnection | undefined, lastedMs: number): boolean | undefined {
  if (outcome === undefined) return false;
  if (outcome.state !== "ended") return true;
  if (lastedMs < STEADY_MS) return false;
  // A router may have forgotten it.
  return outcome.unanswered ? undefined : true;
}
