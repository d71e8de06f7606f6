import type { Schedule } from "../../lib/net/schedule.ts";
import type { DataPathWord } from "../../lib/wire/messages.ts";
import { AddressForbidden } from "./data_address.ts";
import { type DataConnection, Foreign, NoVisitor } from "./data_connection.ts";
import type { Transport } from "./data_line.ts";

/** How long a connection has to last, once the ticket was shown, to say that the way works. */
const STEADY_MS = 2_000;

/** Failures in a row before a way that was good counts as bad: one can be an accident. */
const FAILURES = 2;

/**
 * The same for connections that are ended at once: a relay may do that, too, when it has more of
 * them than are wanted.
 */
const CLOSED_FAILURES = 3;

/** Visitors' tickets refused in a row, each just come, that say that it is another relay's port: one can be late. */
const REFUSALS = 2;

/** For a person, where connections come about and what goes over them gets lost. */
const LOST =
  "nothing of what visitors are answered arrives: something on the way may drop large packets, or the server " +
  "behind --tls-upstream is silent";

/** Addresses that are remembered; a relay has one, and maybe some for its other machines. */
const MAX_ADDRESSES = 16;

/** Where data connections go. */
export interface DataAddress {
  hostname: string;
  port: number;
}

/** What is known of the way to a data port, whatever carries the connections. */
export interface DataPathReport extends DataAddress {
  word: DataPathWord;
  /** What went wrong, for a person; empty when it works. */
  detail: string;
  /** What carries connections there, or is to. */
  over: Transport;
}

/** Options for {@linkcode DataPath}. */
export interface DataPathOptions {
  /** Called when something else is known than before. */
  onChange: (report: DataPathReport) => void;
  /** Aborted when the session is over: what fails then says nothing. */
  signal: AbortSignal;
  schedule: Schedule;
}

/** One address. */
interface Way {
  address: DataAddress;
  /** Undefined until something is known. */
  report?: DataPathReport;
  failures: number;
  /** Of the connections that were begun when it last worked, the number. */
  workedAfter: number;
  /** Whether what a relay answers at once was not answered: that connections last says nothing then. */
  isSilent: boolean;
  /** Whether a connection lasted or was joined there: a ticket that is refused was of a visitor who has left. */
  isRelays: boolean;
  /** Visitors' tickets that were refused in a row. */
  refusals: number;
}

/**
 * Whether visitors can reach this client: judges the way to the relay's data port by what becomes of
 * the connections that go there anyhow.
 *
 * The control session says nothing of it: it goes to another port, often to another host, and lives
 * on where a firewall lets only that one through.
 */
export class DataPath {
  readonly #options: DataPathOptions;
  readonly #ways = new Map<string, Way>();
  /** Connections that were begun. */
  #begun = 0;
  #last: DataPathReport | undefined;
  /** What is known while nothing of what visitors are answered arrives, though connections come about. */
  #lost: DataPathReport | undefined;

  constructor(options: DataPathOptions) {
    this.#options = options;
  }

  /** What is known: of an address that does not work, if there is one. */
  get report(): DataPathReport | undefined {
    if (this.#lost !== undefined) return this.#lost;
    const reports = [...this.#ways.values()].map(({ report }) => report);
    return reports.find((report) => report !== undefined && report.word !== "works") ??
      reports.find((report) => report !== undefined);
  }

  /**
   * What only the relay sees: whether what visitors are answered arrives there.
   *
   * @returns what is known now; undefined where that is nothing new.
   */
  noteAnswers(arrive: boolean): DataPathReport | undefined {
    const { report } = this;
    if (report === undefined || arrive !== (this.#lost !== undefined)) return undefined;
    this.#lost = arrive ? undefined : { ...report, word: "lost", detail: LOST };
    return this.#tell();
  }

  /**
   * Makes a data connection by `dial`, which is passed on, and learns from it.
   *
   * @param answersAtOnce whether the relay has a visitor for it: what answers is not to be waited for then.
   */
  async watch(
    address: DataAddress,
    dial: (onShown: (over: Transport) => void) => Promise<DataConnection>,
    answersAtOnce = false,
  ): Promise<DataConnection> {
    const { signal, schedule } = this.#options;
    const way = this.#way(address);
    const serial = ++this.#begun;
    let judged = false;
    let over: Transport = "tcp";
    let callOff: (() => void) | undefined;
    const judge = (word: DataPathWord, detail = ""): void => {
      callOff?.();
      if (judged || signal.aborted) return;
      judged = true;
      // What was begun before it last worked failed for what has passed.
      if (word === "works") way.workedAfter = this.#begun;
      else if (serial <= way.workedAfter && !way.isSilent) return;
      this.#learn(way, { word, detail, over });
    };
    try {
      const connection = await dial((transport) => {
        over = transport;
        if (judged || signal.aborted || answersAtOnce) return;
        callOff = schedule(() => {
          if (way.isSilent) return;
          way.isRelays = true;
          judge("works");
        }, STEADY_MS);
      });
      if (connection.state === "ended") {
        judge("closed", "connections are closed at once");
      } else {
        way.isSilent = false;
        if (connection.state === "joined") way.isRelays = true;
        else if (answersAtOnce) way.refusals++;
        if (way.isRelays || way.refusals < REFUSALS) {
          judge("works");
        } else {
          judge("foreign", "the relay's tickets are refused there: it may be another relay's port");
        }
      }
      return connection;
    } catch (error) {
      const { word, detail } = troubleOf(error);
      way.isSilent ||= answersAtOnce && error instanceof NoVisitor && !signal.aborted;
      judge(word, detail);
      throw error;
    } finally {
      callOff?.();
    }
  }

  #way(address: DataAddress): Way {
    const key = `${address.hostname} ${address.port}`;
    const known = this.#ways.get(key);
    if (known !== undefined) return known;
    if (this.#ways.size >= MAX_ADDRESSES) this.#ways.delete([...this.#ways.keys()][0]!);
    const way: Way = {
      ...{ address, failures: 0, workedAfter: 0, isSilent: false },
      ...{ isRelays: false, refusals: 0 },
    };
    this.#ways.set(key, way);
    return way;
  }

  #learn(way: Way, found: Omit<DataPathReport, keyof DataAddress>): void {
    const { word, over } = found;
    if (word === "works") {
      way.failures = 0;
    } else {
      way.failures++;
      const enough = word === "closed" ? CLOSED_FAILURES : way.report === undefined ? 1 : FAILURES;
      if (way.failures < enough) return;
    }
    const known = way.report;
    // Of a bad way the first trouble stands: others come and go with it.
    if (known !== undefined && known.word !== "works" && word !== "works") return;
    if (known?.word === word && known.over === over) return;
    way.report = { ...way.address, ...found };
    this.#tell();
  }

  /** Tells what is known, if that is something else than before. */
  #tell(): DataPathReport | undefined {
    const { report } = this;
    if (report === undefined || report === this.#last) return undefined;
    this.#last = report;
    this.#options.onChange(report);
    return report;
  }
}

/** What a failure of a connection says of the way. */
function troubleOf(error: unknown): { word: DataPathWord; detail: string } {
  const { name, message } = error as Error;
  if (error instanceof AddressForbidden) {
    // The relay is told no more than of a name without an address: whether there is one is not its.
    return { word: "unknown-host", detail: "its address is on a network of this computer's own" };
  }
  if (error instanceof Deno.errors.ConnectionRefused) {
    return { word: "refused", detail: "connection refused" };
  }
  if (error instanceof Deno.errors.TimedOut || name === "TimeoutError") {
    return { word: "timeout", detail: "no answer" };
  }
  if (error instanceof NoVisitor) {
    return { word: "timeout", detail: "what is sent there is not answered" };
  }
  if (/getaddrinfo|lookup address|resolve|name or service|no address/i.test(message)) {
    return { word: "unknown-host", detail: "there is no address for this name" };
  }
  if (/unreachable|no route/i.test(message)) return { word: "no-route", detail: "no route to it" };
  if (error instanceof Foreign) {
    return { word: "foreign", detail: "what answers there is no data port of a relay" };
  }
  if (error instanceof Deno.errors.ConnectionReset) {
    return { word: "closed", detail: "connections are reset" };
  }
  if (error instanceof Deno.errors.ConnectionAborted) {
    return { word: "closed", detail: "connections are closed at once" };
  }
  return { word: "other", detail: message };
}
