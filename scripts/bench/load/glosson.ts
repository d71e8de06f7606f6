import { openLocalNamesProxy } from "../../../examples/client/local_names.ts";
import type { RelayMessage } from "../../../lib/wire/messages.ts";

/** A user of the relay under test, and where it is. */
export interface Membership {
  username: string;
  token: string;
  controlPort: number;
  /** Control ports of other relays of BASE: where a client comes back to that stays. @default none */
  others?: readonly number[];
  dataPort: number;
  /** Where the relay is; its certificate names localhost and 127.0.0.1. @default {"localhost"} */
  host?: string;
  /** Whether the system knows where a `host` below localhost is. @default it is this machine */
  resolves?: boolean;
  /** PEM of the authority that the control port's certificate is of. */
  ca: string;
  /** Connections to keep parked; 0 leaves every visitor to a dial. */
  pool: number;
}

/** Where a data connection is to be brought. */
export interface DataPlace {
  dataHost: string;
  dataPort: number;
}

/** A client that trusts the relay's authority, and knows every `*.localhost` as this machine. */
export function httpFor({ ca, host = "localhost", resolves }: Membership): Deno.HttpClient {
  const trust = { caCerts: [ca], http2: false };
  if (resolves || host === "localhost" || !host.endsWith(".localhost")) {
    return Deno.createHttpClient(trust);
  }
  return Deno.createHttpClient({ ...trust, proxy: { url: openLocalNamesProxy().url } });
}

/** A control WebSocket that hands every ticket on. */
export interface GlossonLink {
  /** Tickets that came so far, of either kind. */
  readonly tickets: number;
  readonly isOpen: boolean;
  close(): void;
}

/**
 * Goes online as a user of the relay.
 *
 * @param onTicket called with each ticket, to park with or to join a visitor with, and where to show it.
 * @param onEnd called when the session is over, with how long the relay asked to stay away, milliseconds.
 */
export async function goOnline(
  membership: Membership,
  onTicket: (ticket: string, place: DataPlace) => void,
  http = httpFor(membership),
  onEnd: (awayMs: number) => void = () => {},
): Promise<GlossonLink> {
  const { token, controlPort, pool, host = "localhost" } = membership;
  const options: Record<string, unknown> = {
    headers: { Authorization: `Bearer ${token}` },
    protocols: ["glosson.v1"],
    client: http,
  };
  // Deno takes options in the place of the protocols; the type of browsers does not know that.
  const socket = new WebSocket(
    `wss://${host}:${controlPort}/v1/control`,
    options as unknown as string[],
  );
  let tickets = 0;
  let awayMs = 0;
  let home: DataPlace;
  const { promise: online, resolve, reject } = Promise.withResolvers<void>();
  socket.onclose = (event) => {
    reject(new Error(`control WebSocket closed with ${event.code}`));
    onEnd(awayMs);
  };
  socket.onerror = (event) => reject(new Error((event as ErrorEvent).message));
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data) as RelayMessage;
    if (message.type === "online") {
      home = message;
      if (pool > 0) socket.send(JSON.stringify({ type: "pool", size: pool }));
      return resolve();
    }
    if (message.type === "goodbye") awayMs = message.retryAfterMs ?? 0;
    if (message.type !== "tickets" && message.type !== "connect") return;
    const { dataHost = home.dataHost, dataPort = home.dataPort } = message;
    const given = message.type === "tickets" ? message.tickets : [message.ticket];
    tickets += given.length;
    for (const ticket of given) onTicket(ticket, { dataHost, dataPort });
  };
  await online;
  return {
    get tickets() {
      return tickets;
    },
    get isOpen() {
      return socket.readyState === WebSocket.OPEN;
    },
    close: () => socket.close(),
  };
}
