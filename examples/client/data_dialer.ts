import type { Log } from "../../lib/log.ts";
import type { Sleep } from "../../lib/net/pause.ts";
import { scheduleTimeout } from "../../lib/net/schedule.ts";
import type { Api } from "./api.ts";
import { DataAddresses } from "./data_address.ts";
import type { DataConnection, TicketOptions } from "./data_connection.ts";
import type { Transport } from "./data_line.ts";
import { type DataAddress, DataPath, type DataPathReport } from "./data_path.ts";
import { openDataSocket } from "./data_socket.ts";
import { openDataTcp } from "./data_tcp.ts";
import { DataTransports, type NetworkMemory } from "./data_transports.ts";
import { ParkedLife } from "./parked_life.ts";
import type { RelayHttp } from "./relay_http.ts";

/** How long a parked connection is kept: the relay's 5 minutes and a margin, milliseconds. */
const PARKED_MS = 330_000;

/** The word in a relay's `features` for data connections over WebSocket (PROTOCOL section 5). */
const DATA_WEBSOCKET = "data-websocket";

/** What {@linkcode DataDialer} needs of a client. */
export interface DataDialerOptions {
  relay: URL;
  http: Pick<RelayHttp, "connect" | "isAt">;
  api: Pick<Api, "relayInfo">;
  /** What carries data connections. @default TCP, and WebSockets where that does not work */
  transport?: Transport;
  /** Remembers in which networks TCP does not work. */
  networks: NetworkMemory;
  /** Finds the addresses that data connections may be made to. @default by the system's resolver */
  addresses?: Pick<DataAddresses, "of">;
  /** Clock in milliseconds that never jumps, whatever the computer's is set to. */
  elapsed: () => number;
  sleep: Sleep;
  /** Uniform in [0, 1). */
  random: () => number;
  log: Log;
}

/** Makes the data connections of one session, and learns from what becomes of them. */
export class DataDialer {
  readonly #path: DataPath;
  readonly #lives: ParkedLife;
  readonly #transports: DataTransports;
  readonly #signal: AbortSignal;

  /**
   * @param onChange called when something else is known of the way to the data port.
   * @param signal aborted when the session is over: closes what was not joined.
   */
  constructor(
    options: DataDialerOptions,
    onChange: (report: DataPathReport) => void,
    signal: AbortSignal,
  ) {
    const { relay, http, api, transport, networks, elapsed, sleep, random, log } = options;
    const addresses = options.addresses ?? new DataAddresses({
      relayHost: relay.hostname,
      isRelayAt: (address) => http.isAt(address),
      sleep: (ms) => sleep(ms, signal),
    });
    this.#signal = signal;
    this.#path = new DataPath({ onChange, signal, schedule: scheduleTimeout });
    this.#lives = new ParkedLife({ now: elapsed, random });
    this.#transports = new DataTransports({
      only: transport,
      openTcp: (address, inTime) => openDataTcp(address, (host) => addresses.of(host), inTime),
      openSocket: (inTime) => openDataSocket(relay, http, inTime),
      async hasSockets() {
        const info = await api.relayInfo().catch(() => undefined);
        return info?.features?.includes(DATA_WEBSOCKET) ?? false;
      },
      memory: networks,
      now: elapsed,
      schedule: scheduleTimeout,
      log,
    });
  }

  /** What is known of the way to the data port. */
  get report(): DataPathReport | undefined {
    return this.#path.report;
  }

  /** The relay says whether what visitors are answered arrives there. */
  noteAnswers(arrive: boolean): void {
    if (this.#path.noteAnswers(arrive)?.over === "tcp" && !arrive) this.#transports.doubtTcp();
  }

  /** Parks a connection; calls back when the ticket was shown. */
  park(ticket: string, address: DataAddress, onShown: () => void): Promise<DataConnection> {
    return this.#lives.watch((endAfterMs) =>
      this.#dial(ticket, address, { joinWithinMs: PARKED_MS, endAfterMs }, onShown, false)
    );
  }

  /** Makes the connection that a visitor waits for; calls back when the ticket was shown. */
  meet(
    ticket: string,
    address: DataAddress,
    joinWithinMs: number,
    onShown: () => void,
  ): Promise<DataConnection> {
    return this.#dial(ticket, address, { joinWithinMs }, onShown, true);
  }

  #dial(
    ticket: string,
    address: DataAddress,
    times: Pick<TicketOptions, "joinWithinMs" | "endAfterMs">,
    onShown: () => void,
    answersAtOnce: boolean,
  ): Promise<DataConnection> {
    return this.#path.watch(address, (onReached) =>
      this.#transports.dial(address, {
        ticket,
        ...times,
        signal: this.#signal,
        onShown(transport) {
          onShown();
          onReached(transport);
        },
      }), answersAtOnce);
  }
}
