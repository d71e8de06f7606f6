import { HOSTNAME } from "../../../tests/examples/client/front/fronted.ts";
import {
  fieldBlock,
  FLAG,
  FRAME,
  frame,
  PREFACE,
  requestFields,
  settings,
  u32,
} from "../../../tests/examples/client/front/http2_frames.ts";
import { httpCase } from "../http.ts";
import { joined, mutate } from "../mutate.ts";
import type { Random } from "../random.ts";

function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function head(line: string, ...fields: string[]): string {
  return [`${line} HTTP/1.1`, `Host: ${HOSTNAME}`, ...fields, "", ""].join("\r\n");
}

/** Requests of HTTP/1 with all that has to be read of one. */
const REQUESTS = [
  head("GET /a?b=c", "Cookie: a=b; c=d", "Accept-Encoding: gzip", "TE: trailers"),
  head("POST /", "Content-Length: 5") + "hello" + head("GET /second"),
  head("PUT /", "Transfer-Encoding: chunked") + "5;a=b\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n",
  head("POST /", "Transfer-Encoding: chunked", "Trailer: x") + "a\r\n0123456789\r\n00\r\n\r\n",
  head("POST /", "Content-Length: 100000", "Expect: 100-continue") + "x".repeat(3_000),
  head("GET /", "Connection: upgrade", "Upgrade: websocket") + "\x81\x85\0\0\0\0hello",
  head("HEAD /", "Connection: close"),
  "GET / HTTP/1.0\r\n\r\n",
  head(`GET https://${HOSTNAME}/absolute`) + head("OPTIONS *"),
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
].map(bytes);

/** The bytes of a visitor of HTTP/1: requests and bodies, damaged most of the time. */
export function requestCase(random: Random): Uint8Array {
  if (random.once(4)) return httpCase(random);
  const base = random.pick(REQUESTS);
  return random.once(5) ? base : mutate(base, random, REQUESTS);
}

/** Answers of apps. */
const ANSWERS = [
  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n\r\n5;a\r\nhello\r\n0\r\nX: y\r\n\r\n",
  "HTTP/1.0 200 OK\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\nto the end",
  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
  "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
  "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\nframes",
  'HTTP/1.1 304 Not\r\nETag: "x"\r\nContent-Length: 9\r\nX-Folded: a\r\n b\r\n\r\n',
].map(bytes);

/** The bytes of an app's answer, damaged most of the time. */
export function answerCase(random: Random): Uint8Array {
  const base = random.pick(ANSWERS);
  return random.once(3) ? base : mutate(base, random, ANSWERS);
}

/** Frames of a client, damaged somewhere behind the preface. */
export function framesCase(random: Random): Uint8Array {
  function headers(id: number, method: string, end: boolean): Uint8Array {
    const block = fieldBlock(
      requestFields(method, "/", HOSTNAME, ["cookie", "a=b"], [
        "x-long",
        "x".repeat(random.below(300)),
      ]),
      { indexed: random.once(2) },
    );
    const cut = random.once(3) ? random.below(block.length) : block.length;
    const flags = (end ? FLAG.endStream : 0) | (cut === block.length ? FLAG.endHeaders : 0);
    const first = frame(FRAME.headers, flags, id, block.subarray(0, cut));
    if (cut === block.length) return first;
    return joined(first, frame(FRAME.continuation, FLAG.endHeaders, id, block.subarray(cut)));
  }
  const parts = [
    settings(random.once(4) ? { [random.below(20)]: random.below(2 ** 31) } : { 4: 65_535 }),
    headers(1, random.pick(["GET", "POST"]), random.once(2)),
    frame(FRAME.data, random.below(2), 1, new Uint8Array(random.below(2_000))),
    frame(FRAME.windowUpdate, 0, random.below(4), u32(random.below(2 ** 31))),
    frame(FRAME.ping, random.below(2), 0, "12345678"),
    headers(3, random.pick(["GET", "POST", "CONNECT", "TRACE"]), random.once(2)),
    frame(FRAME.priority, 0, 3, new Uint8Array(5)),
    // Trailers, or the same again.
    frame(FRAME.headers, 5, 1, fieldBlock([["x-sum", "7"]])),
    frame(FRAME.rstStream, 0, random.pick([1, 3]), u32(8)),
    frame(random.below(256), random.below(256), random.below(6), new Uint8Array(random.below(40))),
    frame(FRAME.goaway, 0, 0, new Uint8Array(8)),
  ];
  const some = joined(...parts.filter((_, i) => i < 2 || !random.once(3)));
  return joined(PREFACE, random.once(5) ? some : mutate(some, random, parts));
}
