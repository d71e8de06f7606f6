import * as http2 from "node:http2";
import type { TLSSocket } from "node:tls";
import {
  checkedField,
  isField,
  isTarget,
  isToken,
  MAX_FIELDS,
  MAX_HEAD_BYTES,
} from "../http/head.ts";
import { type Body } from "../http/body.ts";
import type { Field } from "../http/fields.ts";
import { attempt, type Connection } from "./connection.ts";
import { answerText, type VisitorRequest } from "./exchange.ts";
import { Http2Answer } from "./http2_answer.ts";
import { NodeDuplex } from "./node_duplex.ts";
import { PatientDuplex } from "./patient_duplex.ts";

/** Requests of one visitor at once. */
const MAX_STREAMS = 100;

/** What a visitor may send of one upload, and of all, before the app has taken any; bytes. */
const STREAM_WINDOW_BYTES = 256 * 1024;
const SESSION_WINDOW_BYTES = 1024 * 1024;

/** Bytes of an upload that are read at once. */
const PIECE_BYTES = 64 * 1024;

/** Turns of the event loop in which the end of an answer goes out. */
const MOST_TURNS = 100;

const OPTIONS = {
  settings: {
    maxConcurrentStreams: MAX_STREAMS,
    initialWindowSize: STREAM_WINDOW_BYTES,
    maxHeaderListSize: MAX_HEAD_BYTES,
  },
  maxHeaderListPairs: MAX_FIELDS,
  // An app and a proxy before it may both say `X-Content-Type-Options`; browsers do not mind.
  strictSingleValueFields: false,
};

/** Whether this runtime has an HTTP/2 server that a TLS connection can be given to. */
export function hasHttp2(): boolean {
  return typeof http2.performServerHandshake === "function";
}

/**
 * Serves HTTP/2 (RFC 9113) on a connection until either side ends it; closes it.
 *
 * @returns what ends it in order, and a promise of its end, which does not reject.
 */
export function serveHttp2(
  socket: TLSSocket,
  connection: Connection,
): { leave: () => void; ended: Promise<void> } {
  const { limits, schedule, log, onIdle, isLeaving } = connection;
  const session = http2.performServerHandshake(socket, OPTIONS);
  session.setLocalWindowSize(SESSION_WINDOW_BYTES);
  let open = 0;
  let halfClosed = false;
  let callOff = schedule(leave, limits.head);
  onIdle(true);
  // No requests can come any more; the session itself would wait for them.
  socket.once("end", () => {
    halfClosed = true;
    if (open === 0) leave();
  });
  session.on("error", (error: Error) => log.debug("A visitor's HTTP/2 broke", { error }));
  session.on(
    "stream",
    (stream: http2.ServerHttp2Stream, _headers: unknown, _flags: unknown, raw: string[]) => {
      if (++open === 1) {
        callOff();
        onIdle(false);
      }
      stream.once("close", () => {
        if (--open > 0) return;
        onIdle(true);
        callOff = schedule(leave, limits.keepAlive);
        if (isLeaving() || halfClosed) leave();
      });
      serveStream(stream, raw, connection).catch((error) => {
        log.debug("A visitor's stream broke", { error });
        stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
      });
    },
  );
  // A session does not tell of each end of its connection, nor a connection of its session's.
  const ended = new Promise<void>((resolve) => {
    session.once("close", resolve);
    socket.once("close", resolve);
  }).then(() => {
    callOff();
    session.destroy();
    socket.destroy();
  });
  // No new requests; those that are open are answered. The visitor has some time to close, too.
  function leave(): void {
    if (session.destroyed) return;
    session.close();
    if (open > 0) return;
    callOff();
    callOff = schedule(() => socket.destroy(), limits.linger);
  }
  return { leave, ended };
}

async function serveStream(
  stream: http2.ServerHttp2Stream,
  raw: readonly string[],
  connection: Connection,
): Promise<void> {
  const gone = new AbortController();
  const conn = new NodeDuplex(stream);
  const { request, refusal } = readRequest(raw);
  const answer = new Http2Answer(
    stream,
    new PatientDuplex(conn, connection.schedule, {
      read: connection.limits.upload,
      write: connection.limits.download,
    }),
    request.method,
  );
  stream.once("close", () => gone.abort());
  const visitor = { address: connection.visitor.address, gone: gone.signal };
  const body = stream.endAfterHeaders ? undefined : new StreamBody(stream, answer.conn, request);
  const exchange = { request: { ...request, body }, answer, visitor };
  if (refusal === undefined) await attempt(connection.handler, exchange, connection.log);
  else await answerText(exchange, refusal, "That is no request.");
  if (!answer.complete) return breakOff(stream);
  if (body?.ended !== false) return;
  // The visitor need not send the rest (RFC 9113 section 8.1).
  await endSent(stream);
  stream.close(http2.constants.NGHTTP2_NO_ERROR);
  // It would wait for somebody to read what has come of it.
  stream.destroy();
}

/** Waits until the frame that ends an answer went out: a reset before it would take the answer back. */
async function endSent(stream: http2.ServerHttp2Stream): Promise<void> {
  // The library is done with the last byte first, and sends the end of the stream in a later turn.
  for (let turn = 0; turn < MOST_TURNS && stream.state?.localClose === 0; turn++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** Resets a stream, so that nobody takes a part for the whole; `close` would end it in order first. */
function breakOff(stream: http2.ServerHttp2Stream): void {
  stream.destroy(new Error("the answer broke off"));
}

/** A request from its fields, name and value in turn, or why it is none, as a status. */
function readRequest(
  raw: readonly string[],
): { request: Omit<VisitorRequest, "body">; refusal?: number } {
  const pseudo = new Map<string, string>();
  const fields: Field[] = [];
  const cookies: string[] = [];
  let bytes = 0;
  for (let i = 0; i < raw.length; i += 2) {
    const [name, value] = [raw[i]!, String(raw[i + 1])];
    bytes += name.length + value.length;
    if (name.startsWith(":")) pseudo.set(name, value);
    else if (name === "host") pseudo.has(":authority") || pseudo.set(":authority", value);
    // One field is cut for compression (RFC 9113 section 8.2.3).
    else if (name === "cookie") cookies.push(value);
    else fields.push([name, value]);
  }
  if (cookies.length > 0) fields.push(["cookie", cookies.join("; ")]);
  const request = {
    method: pseudo.get(":method") ?? "",
    target: pseudo.get(":path") ?? "",
    host: pseudo.get(":authority") ?? "",
    fields,
    upgrades: false,
  };
  return { request, refusal: bytes > MAX_HEAD_BYTES ? 431 : refusalOf(request) };
}

/** Whatever the library lets through: the app gets it as HTTP/1, where a line end would be one. */
function refusalOf({ method, target, fields }: Omit<VisitorRequest, "body">): number | undefined {
  if (method === "CONNECT") return 405;
  if (!isToken(method) || !/^[/*]/.test(target) || !isTarget(target)) return 400;
  try {
    fields.forEach(checkedField);
  } catch {
    return 400;
  }
}

/** The body of a request over HTTP/2. */
class StreamBody implements Body {
  readonly length: number | undefined;
  readonly trailers: Field[] = [];
  ended = false;
  readonly #conn: Pick<NodeDuplex, "read">;
  #buffer: Uint8Array | undefined;

  constructor(
    stream: http2.ServerHttp2Stream,
    conn: Pick<NodeDuplex, "read">,
    { fields }: Pick<VisitorRequest, "fields">,
  ) {
    this.#conn = conn;
    const length = fields.find(([name]) => name === "content-length")?.[1];
    this.length = length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
    stream.once("trailers", (_headers: unknown, _flags: unknown, raw: string[] = []) => {
      for (let i = 0; i < raw.length; i += 2) {
        const field = [raw[i]!, raw[i + 1]!] as const;
        if (isField(field)) this.trailers.push(field);
      }
    });
  }

  async read(): Promise<Uint8Array | null> {
    if (this.ended) return null;
    this.#buffer ??= new Uint8Array(PIECE_BYTES);
    const n = await this.#conn.read(this.#buffer);
    if (n !== null) return this.#buffer.subarray(0, n);
    this.ended = true;
    this.#buffer = undefined;
    return null;
  }
}
