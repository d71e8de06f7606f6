import type { Log } from "../../lib/log.ts";
import { scheduleTimeout } from "../../lib/net/schedule.ts";
import type { RelayMessage } from "../../lib/wire/messages.ts";
import type { Api } from "./api.ts";
import { type Ending, openControl } from "./control.ts";
import {
  type DataConnection,
  type DataConnectionOptions,
  openDataConnection,
} from "./data_connection.ts";
import { DataAddresses } from "./data_address.ts";
import { type DataAddress, DataPath, type DataPathReport } from "./data_path.ts";
import type { Front } from "./front/front.ts";
import { watchHeartbeat } from "./heartbeat.ts";
import { ParkedLife } from "./parked_life.ts";
import { type Joined, Parking } from "./parking.ts";
import { PoolSize } from "./pool_size.ts";
import type { RelayHttp } from "./relay_http.ts";
import type { Sleep } from "../../lib/net/pause.ts";

/** How long a parked connection is kept: the relay's 5 minutes and a margin, milliseconds. */
const PARKED_MS = 330_000;

/** Time over which wishes for tickets are put into one message, milliseconds. */
const ASK_DELAY_MS = 20;

/**
 * Addresses of data ports that are taken from one session: a relay has one, and maybe some for its
 * other machines. More would be a way to have this client knock at strangers' doors.
 */
const MAX_DATA_ADDRESSES = 16;

/**
 * Why a visitor is refused, whatever the reason: the relay decides where a client connects to, and is
 * not told what it found there.
 */
const REFUSAL = "cannot serve";

/** What a client needs to be online. */
export interface OnlineOptions {
  relay: URL;
  token: string;
  http: RelayHttp;
  api: Pick<Api, "account">;
  front: Front;
  /** Most connections to keep parked; how many follows the visitors. */
  pool: number;
  /** Most visitors at once. */
  maxVisitors: number;
  /** Called with the host name when visitors reach this client. */
  onOnline: (hostname: string) => void;
  /** Called when something else is known of the way to the data port. */
  onDataPath: (report: DataPathReport) => void;
  signal: AbortSignal;
  now: () => number;
  sleep: Sleep;
  /** Uniform in [0, 1). */
  random: () => number;
  /** Finds the addresses that data connections may be made to. @default by the system's resolver */
  addresses?: Pick<DataAddresses, "of">;
  log: Log;
}

/**
 * Goes online once and serves visitors until the session ends, which is returned; never rejects.
 *
 * Visitors that are there when it ends stay: their connections do not depend on the session. The
 * parked connections go with it.
 */
export async function beOnline(options: OnlineOptions): Promise<Ending> {
  const { relay, token, http, api, front, signal, now, sleep, random, log } = options;
  const over = new AbortController();
  let online: DataAddress | undefined;
  const known = new Set<string>();
  let asking: ReturnType<typeof setTimeout> | undefined;
  /** Visitors on their way to be joined. */
  let joining = 0;

  function room(): number {
    return Math.max(0, options.maxVisitors - front.connections - joining);
  }

  const wished = new PoolSize({ most: options.pool, now });

  /** Parked connections may become visitors at any time: near the limit there are fewer. */
  function poolSize(): number {
    return Math.min(wished.size, room());
  }

  const path = new DataPath({
    onChange(report) {
      options.onDataPath(report);
      // Before a visitor is refused for it, whom the relay tells why.
      sendPool();
    },
    signal: over.signal,
    schedule: scheduleTimeout,
  });

  /** The number that the relay knows, and keeps up by itself. */
  let told: number | undefined;

  function sendPool(): void {
    const { report } = path;
    const size = poolSize();
    control.send({ type: "pool", size, ...(report && { dataPath: report.word }) });
    told = size;
  }

  /** Tells the relay soon how many connections to keep, if that is another number now. */
  function ask(): void {
    if (poolSize() === told) return;
    asking ??= setTimeout(() => {
      asking = undefined;
      if (poolSize() !== told) sendPool();
    }, ASK_DELAY_MS);
  }

  const addresses = options.addresses ?? new DataAddresses({
    relayHost: relay.hostname,
    isRelayAt: (address) => http.isAt(address),
    sleep: (ms) => sleep(ms, over.signal),
  });

  /** Where a message's tickets are to be shown; undefined when that is one place too many. */
  function placeOf(
    { dataHost, dataPort }: { dataHost?: string; dataPort?: number },
  ): DataAddress | undefined {
    if (online === undefined) return undefined;
    const place = { hostname: dataHost ?? online.hostname, port: dataPort ?? online.port };
    const key = `${place.hostname} ${place.port}`;
    if (!known.has(key) && known.size >= MAX_DATA_ADDRESSES) {
      log.debug("The relay names too many data ports", { limit: MAX_DATA_ADDRESSES });
      return undefined;
    }
    known.add(key);
    return place;
  }

  function dial(
    ticket: string,
    address: DataAddress,
    times: Pick<DataConnectionOptions, "joinWithinMs" | "endAfterMs">,
    onShown: () => void,
  ): Promise<DataConnection> {
    return path.watch(address, (onReached) =>
      openDataConnection({
        ...address,
        addresses: (hostname) => addresses.of(hostname),
        ticket,
        ...times,
        signal: over.signal,
        onShown() {
          onShown();
          onReached();
        },
      }));
  }

  async function serve({ conn, head, visitor }: Joined): Promise<void> {
    wished.note();
    ask();
    log.debug("Visitor joined", { address: visitor?.address, visitors: front.connections + 1 });
    await front.serve(conn, head, visitor?.address);
    log.debug("Visitor gone", { address: visitor?.address, visitors: front.connections });
    // Room may be what was missing.
    ask();
  }

  async function meet(message: RelayMessage & { type: "connect" }): Promise<void> {
    const { ticket, expiresInMs } = message;
    const place = placeOf(message);
    if (place === undefined) return control.send({ type: "refuse", ticket, reason: REFUSAL });
    if (!front.makeRoom(message.visitor.address)) {
      log.warn("Too many visitors, one was turned away", { limit: options.maxVisitors });
      return control.send({ type: "refuse", ticket, reason: REFUSAL });
    }
    joining++;
    let shown = false;
    try {
      const connection = await dial(
        ticket,
        place,
        { joinWithinMs: expiresInMs },
        () => shown = true,
      );
      if (connection.state === "joined") serve(connection);
      else log.debug("Ticket not taken", { state: connection.state });
    } catch (error) {
      log.debug("Cannot meet a visitor", { error });
      // A ticket that was never shown can still be handed back; the visitor need not wait.
      if (!shown) control.send({ type: "refuse", ticket, reason: REFUSAL });
    } finally {
      joining--;
    }
  }

  const lives = new ParkedLife({ now, random });

  const parking = new Parking({
    wanted: poolSize,
    dial: (ticket, address, onShown) =>
      lives.watch((endAfterMs) =>
        dial(ticket, address, { joinWithinMs: PARKED_MS, endAfterMs }, onShown)
      ),
    onJoined: serve,
    ask,
    signal: over.signal,
    now,
    sleep,
    random,
    log,
  });

  async function watch(): Promise<void> {
    const why = await watchHeartbeat({
      account: (timeoutMs) => api.account(timeoutMs),
      // Tickets may have expired unused: the wish is repeated, which is harmless.
      onBeat: sendPool,
      sleep,
      signal: over.signal,
    });
    if (why !== undefined) control.drop(why);
  }

  const control = openControl({
    relay,
    token,
    http,
    signal,
    log,
    onMessage(message) {
      if (message.type === "connect") return void meet(message);
      if (message.type === "tickets") {
        const place = placeOf(message);
        return place && parking.offer(message.tickets, place);
      }
      online = { hostname: message.dataHost, port: message.dataPort };
      options.onOnline(message.hostname);
      sendPool();
      watch();
    },
  });
  const ending = await control.ended;
  over.abort();
  clearTimeout(asking);
  return ending;
}
