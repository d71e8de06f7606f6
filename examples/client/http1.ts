import { closeQuietly, type Duplex, writeAll } from "../../lib/net/splice.ts";
import { ByteReader } from "./byte_reader.ts";

/** Longest line of an answer's head, bytes. */
const MAX_LINE_BYTES = 16 * 1024;

/** Most header fields of an answer. */
const MAX_FIELDS = 200;

/** Longest size line of a chunk, bytes. */
const MAX_SIZE_LINE_BYTES = 1024;

/** Statuses whose answers have no body. */
const WITHOUT_BODY = new Set([204, 205, 304]);

/** Most bytes of an answer's body that are passed on at once. */
const PIECE_BYTES = 64 * 1024;

/** A request; `headers` tell everything but how the body is framed and the connection ends. */
export interface Http1Request {
  method: string;
  /** Path and query. */
  target: string;
  headers: Record<string, string>;
  body: ReadableStream<Uint8Array> | null;
}

/** The head of an answer, fields in their order, and its body without framing. */
export interface Http1Answer {
  status: number;
  statusText: string;
  fields: [string, string][];
  /** Absent for answers that have none by their status or method. */
  body: ReadableStream<Uint8Array<ArrayBuffer>> | null;
}

/** How the end of a body is told (RFC 9112 section 6.3). */
type Framing = { kind: "none" | "chunked" | "close" } | { kind: "length"; length: number };

/** The source of a request's body failed: who sends it has left. */
export class UploadBroken extends Error {}

/**
 * Makes one HTTP/1.1 request on a connection of its own and resolves with the answer's head.
 *
 * The connection is closed with the end of the body, its cancelling, or any failure. A body that
 * ends too soon is an error of the stream, never a shorter body.
 *
 * @throws {UploadBroken} if the request's body breaks off before an answer comes.
 * @throws {Error} if the connection fails or the answer is none.
 */
export async function requestOnce(conn: Duplex, request: Http1Request): Promise<Http1Answer> {
  const upload = request.body?.getReader();
  let broken: UploadBroken | undefined;
  function close(): void {
    closeQuietly(conn);
    upload?.cancel().catch(() => {});
  }
  try {
    await sendHead(conn, request);
    // Not awaited: an app may answer before it has read everything. A failure ends the reading.
    if (upload !== undefined) {
      send(conn, upload, isChunked(request)).catch((error) => {
        if (error instanceof UploadBroken) broken = error;
        close();
      });
    }
    const reader = new ByteReader(conn);
    let { status, statusText, fields } = await readHead(reader);
    while (status >= 100 && status < 200 && status !== 101) {
      ({ status, statusText, fields } = await readHead(reader));
    }
    if (status === 101) throw new Error("Cannot read answer: it switches protocols unasked");
    const framing = framingOf(request.method, status, fields);
    if (framing.kind === "none") close();
    // Both are told by an app that errs, or by an attack on what comes after it: the chunks count.
    if (framing.kind === "chunked") fields = fields.filter(([name]) => name !== "content-length");
    const body = framing.kind === "none" ? null : stream(pieces(reader, framing), close);
    return { status, statusText, fields, body };
  } catch (error) {
    close();
    throw broken ?? error;
  }
}

function isChunked({ headers, body }: Http1Request): boolean {
  return body !== null && headers["content-length"] === undefined;
}

async function sendHead(conn: Duplex, request: Http1Request): Promise<void> {
  const { method, target, headers } = request;
  const fields = Object.entries({
    ...headers,
    ...(isChunked(request) ? { "transfer-encoding": "chunked" } : {}),
    // A connection that is kept may be closed by the app in the moment it is used again.
    connection: "close",
  });
  const head = `${method} ${target} HTTP/1.1\r\n${
    fields.map(([name, value]) => `${name}: ${value}\r\n`).join("")
  }\r\n`;
  // Header values are byte strings (RFC 9110 section 5.5), one character a byte.
  await writeAll(conn, Uint8Array.from(head, (character) => character.charCodeAt(0)));
}

async function send(
  conn: Duplex,
  upload: ReadableStreamDefaultReader<Uint8Array>,
  chunked: boolean,
): Promise<void> {
  const text = new TextEncoder();
  while (true) {
    const { value, done } = await upload.read().catch((error) => {
      throw new UploadBroken("Cannot read the visitor's upload", { cause: error });
    });
    if (done) break;
    if (value.length === 0) continue;
    if (chunked) await writeAll(conn, text.encode(`${value.length.toString(16)}\r\n`));
    await writeAll(conn, value);
    if (chunked) await writeAll(conn, text.encode("\r\n"));
  }
  if (chunked) await writeAll(conn, text.encode("0\r\n\r\n"));
}

async function readHead(reader: ByteReader): Promise<Omit<Http1Answer, "body">> {
  const first = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(await reader.line(MAX_LINE_BYTES));
  if (first === null) throw new Error("Cannot read answer: it does not begin like HTTP");
  const fields: [string, string][] = [];
  while (true) {
    const line = await reader.line(MAX_LINE_BYTES);
    if (line === "") return { status: Number(first[1]), statusText: first[2] ?? "", fields };
    const field = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*?)[ \t]*$/.exec(line);
    if (field === null) throw new Error("Cannot read answer: a header field is malformed");
    fields.push([field[1]!.toLowerCase(), field[2]!]);
    if (fields.length > MAX_FIELDS) {
      throw new Error(`Cannot read answer: it has more than ${MAX_FIELDS} header fields`);
    }
  }
}

function framingOf(method: string, status: number, fields: [string, string][]): Framing {
  if (method === "HEAD" || WITHOUT_BODY.has(status)) return { kind: "none" };
  const values = (wanted: string): string[] =>
    fields.filter(([name]) => name === wanted).map(([, value]) => value);
  const coding = values("transfer-encoding").join(",").toLowerCase();
  if (coding !== "") {
    if (coding === "chunked") return { kind: "chunked" };
    throw new Error(`Cannot read answer: its transfer coding is ${coding}`);
  }
  const lengths = new Set(values("content-length"));
  if (lengths.size === 0) return { kind: "close" };
  const [length = ""] = lengths;
  if (lengths.size > 1 || !/^\d{1,15}$/.test(length)) {
    throw new Error("Cannot read answer: its length is malformed");
  }
  return { kind: "length", length: Number(length) };
}

/** The body in pieces as they come. */
async function* pieces(
  reader: ByteReader,
  framing: Exclude<Framing, { kind: "none" }>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (framing.kind === "length") return yield* run(reader, framing.length);
  if (framing.kind === "close") {
    for (let piece; (piece = await reader.some(PIECE_BYTES)) !== null;) yield piece;
    return;
  }
  while (true) {
    const line = await reader.line(MAX_SIZE_LINE_BYTES);
    const size = /^[\da-f]{1,12}(?=[ \t]*(?:;|$))/i.exec(line)?.[0];
    if (size === undefined) throw new Error("Cannot read answer: a chunk has no size");
    if (parseInt(size, 16) === 0) break;
    yield* run(reader, parseInt(size, 16));
    if (await reader.line(2) !== "") throw new Error("Cannot read answer: a chunk has no end");
  }
  for (let trailers = 0; await reader.line(MAX_LINE_BYTES) !== "";) {
    if (++trailers > MAX_FIELDS) throw new Error("Cannot read answer: too many trailers");
  }
}

async function* run(
  reader: ByteReader,
  length: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let left = length; left > 0;) {
    const piece = await reader.some(Math.min(left, PIECE_BYTES));
    if (piece === null) throw new Error(`Cannot read answer: ${left} bytes of it are missing`);
    left -= piece.length;
    yield piece;
  }
}

/** A stream of what `source` yields, read when asked for; `close` is called once it is over. */
function stream(
  source: AsyncGenerator<Uint8Array<ArrayBuffer>>,
  close: () => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      try {
        const { value, done } = await source.next();
        if (!done) return controller.enqueue(value);
        controller.close();
        close();
      } catch (error) {
        close();
        throw error;
      }
    },
    cancel: close,
  }, { highWaterMark: 0 });
}
