import { Buffer } from "node:buffer";
import { splitAuthority } from "../wire/http_request.ts";
import {
  headText,
  mayBeUpgrade,
  readUpgrade,
  type Upgrade,
  upgradeAnswer,
  withoutEmptyBody,
} from "../wire/web_socket_opening.ts";
import type { Asked } from "./plain_server.ts";
import { type Duplex, writeAll } from "./splice.ts";

/** Longest head that is looked at for a WebSocket's opening handshake. */
const MAX_OPENING_BYTES = 4 * 1024;

const HEAD_END = "\r\n\r\n";

const NO_BYTES = new Uint8Array(0);

/** Handles a WebSocket to its end; `rest` is what was read behind the opening handshake. */
export type ServeSocket = (conn: Duplex, rest: Uint8Array) => Promise<void>;

/**
 * A subprotocol whose WebSockets are handled on the TLS connection itself: with limits and a
 * back-pressure that the runtime's lack, and without the plain connection.
 */
export interface WebSocketRoute {
  path: string;
  protocol: string;
  /**
   * Looks at an opening handshake: undefined leaves it to the server, else it is answered, and the
   * function called.
   */
  accept(
    asked: Asked & { host: string },
    upgrade: Upgrade,
  ): Promise<ServeSocket | undefined> | ServeSocket | undefined;
}

/** What comes on a connection: bytes to pass on, or a WebSocket to handle to its end. */
export type Opening =
  | { state: "other"; bytes: Uint8Array }
  | { state: "socket"; serve: () => Promise<void> };

/**
 * Reads what comes next on a connection between requests and, where that is the opening handshake of a
 * route's WebSocket, answers it.
 *
 * @param port where the connection comes from.
 * @param begun what has been read of it already.
 * @throws {Error} if the connection breaks.
 */
export async function openWebSocket(
  conn: Duplex,
  port: number,
  routes: readonly WebSocketRoute[],
  begun: Uint8Array = NO_BYTES,
): Promise<Opening> {
  if (routes.length === 0) return { state: "other", bytes: begun };
  const bytes = await readOpening(conn, routes.map(({ path }) => path), begun);
  const head = headText(bytes);
  if (head === undefined) return { state: "other", bytes };
  for (const { path, protocol, accept } of routes) {
    const upgrade = readUpgrade(head, path, protocol);
    const host = upgrade && splitAuthority(upgrade.host)?.host;
    if (upgrade === undefined || host === undefined) continue;
    const serve = await accept({ port, host }, upgrade);
    if (serve === undefined) break;
    await writeAll(conn, upgradeAnswer(upgrade, protocol));
    const rest = bytes.slice(head.length + HEAD_END.length);
    // Bound, not closed over: it may last for days, and nothing is kept but what it needs.
    return { state: "socket", serve: serve.bind(undefined, conn, rest) };
  }
  return { state: "other", bytes: fitForServer(bytes, head) };
}

/** What the server is passed of a request that begins with this head. */
function fitForServer(bytes: Uint8Array, head: string): Uint8Array {
  const fit = withoutEmptyBody(head);
  if (fit === head) return bytes;
  return Buffer.concat([Buffer.from(fit, "latin1"), bytes.subarray(head.length)]);
}

/**
 * Reads what comes next on a connection: a whole head where that begins like a WebSocket's at one of these
 * paths, else no more than shows that it does not.
 */
async function readOpening(
  conn: Duplex,
  paths: readonly string[],
  begun: Uint8Array,
): Promise<Uint8Array> {
  if (begun.length >= MAX_OPENING_BYTES) return begun;
  const bytes = new Uint8Array(MAX_OPENING_BYTES);
  bytes.set(begun);
  let { length } = begun;
  while (length < bytes.length) {
    const come = bytes.subarray(0, length);
    if (mayBeUpgrade(come, paths) === "no" || headText(come) !== undefined) break;
    const n = await conn.read(bytes.subarray(length));
    if (n === null) break;
    length += n;
  }
  return bytes.slice(0, length);
}
