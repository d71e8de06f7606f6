import { bad, GET, type OddHttp, POST, SMUGGLED } from "./odd_http_case.ts";

/** Where a body ends: who reads that in another way takes its rest for a request (smuggling). */
const BODY: OddHttp[] = [
  bad(
    "a length and chunks",
    `${POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
  ),
  bad(
    "chunks and a length",
    `${POST}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${SMUGGLED}`,
  ),
  bad("two lengths", `${POST}Content-Length: 0\r\nContent-Length: 44\r\n\r\n${SMUGGLED}`),
  bad("a list of lengths", `${POST}Content-Length: 0, 0\r\n\r\n${SMUGGLED}`),
  bad("a length with a sign", `${POST}Content-Length: +0\r\n\r\n${SMUGGLED}`),
  bad("a length below zero", `${POST}Content-Length: -1\r\n\r\n${SMUGGLED}`),
  bad("a length in hexadecimal", `${POST}Content-Length: 0x0\r\n\r\n${SMUGGLED}`),
  bad("a length without digits", `${POST}Content-Length:\r\n\r\n${SMUGGLED}`),
  bad("a length beyond counting", `${POST}Content-Length: 99999999999999999999\r\n\r\nx`),
  bad("a length behind a space", `${POST}Content-Length : 0\r\n\r\n${SMUGGLED}`),
  bad("an encoding that nobody knows", `${POST}Transfer-Encoding: xchunked\r\n\r\n${SMUGGLED}`),
  bad("identity", `${POST}Transfer-Encoding: identity\r\n\r\n${SMUGGLED}`),
  bad("chunked, then identity", `${POST}Transfer-Encoding: chunked, identity\r\n\r\n${SMUGGLED}`),
  bad("chunked twice", `${POST}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`),
  bad(
    "two fields of encodings",
    `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n${SMUGGLED}`,
  ),
  bad("an encoding behind a control", `${POST}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`),
  bad("an encoding in quotes", `${POST}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n`),
  bad("an encoding behind a space", `${POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`),
  bad(
    "chunks in HTTP/1.0",
    "POST /PATH HTTP/1.0\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "RFC 9112 section 6.1: the framing is faulty",
  ),
];

/** A body of one chunk that is no JSON, and its end. */
const CHUNKS = "5\r\nhello\r\n0\r\n\r\n";

const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n`;

/** A body for the API that is read, with nothing wrong but what it says. */
function body(what: string, request: string): OddHttp {
  const answer = { pages: [405], control: [400], open: true, apiPath: "/v1/claims" };
  return { what, request, ...answer };
}

/** A body whose framing breaks while it is read: whatever follows it is no request. */
function broken(what: string, chunks: string): OddHttp {
  const request = `${CHUNKED}\r\n${chunks}`;
  const why = "RFC 9112 section 8: closed, since nobody knows where it ends";
  return { what, request, pages: [405], control: [], apiPath: "/v1/claims", why };
}

/** Bodies that are read, that are not, and that break. */
const READ: OddHttp[] = [
  body("a chunked body", `${CHUNKED}\r\n${CHUNKS}`),
  {
    ...body("a compressed body", `${POST}Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}`),
    ...{ control: [415], open: false, why: "RFC 9110 section 8.4: no coding is taken" },
  },
  body("an encoding in capitals", `${POST}Transfer-Encoding: Chunked\r\n\r\n${CHUNKS}`),
  body("an encoding behind a tab", `${POST}Transfer-Encoding:\tchunked\r\n\r\n${CHUNKS}`),
  body("a chunk extension", `${CHUNKED}\r\n5;a=b\r\nhello\r\n0\r\n\r\n`),
  body("trailers", `${CHUNKED}\r\n5\r\nhello\r\n0\r\nHost: kaylee.BASE\r\n\r\n`),
  body("leading zeros of a chunk", `${CHUNKED}\r\n00005\r\nhello\r\n0\r\n\r\n`),
  body("the same length twice", `${POST}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`),
  broken("a chunk below zero", `-1\r\nh\r\n0\r\n\r\n${SMUGGLED}`),
  broken("a chunk in 0x", `0x1\r\nh\r\n0\r\n\r\n${SMUGGLED}`),
  broken("a chunk beyond counting", `fffffffffffffffff\r\nh\r\n0\r\n\r\n${SMUGGLED}`),
  broken("a chunk without a size", `\r\nh\r\n0\r\n\r\n${SMUGGLED}`),
  broken("a chunk longer than it says", `1\r\nhX0\r\n\r\n${SMUGGLED}`),
  broken("a bare CR in a chunk extension", `1;\rx\r\nh\r\n0\r\n\r\n${SMUGGLED}`),
  {
    what: "a body of GET that looks like a request",
    request: `${GET}Content-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`,
    pages: [200],
    control: [200],
    open: true,
    why: "a body, whatever it looks like",
  },
  {
    what: "a chunked body of GET that looks like a request",
    request: `${GET}Transfer-Encoding: chunked\r\n\r\n` +
      `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`,
    pages: [200],
    control: [200],
    open: true,
  },
  {
    what: "a body that nobody reads and that looks like a request",
    request: `${POST}Content-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`,
    pages: [405],
    control: [404],
    open: true,
    apiPath: "/v1/nothing",
  },
  {
    what: "Expect: 100-continue",
    request: `${POST}Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello`,
    pages: [405],
    control: [100, 400],
    open: true,
    apiPath: "/v1/claims",
    why: "RFC 9110 section 10.1.1; nobody reads what is sent to a page",
  },
  {
    what: "Expect: 100-continue in HTTP/1.0",
    request: `${POST.replace("1.1", "1.0")}Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello`,
    pages: [405],
    control: [400],
    apiPath: "/v1/claims",
    why: "RFC 9110 section 15.2: it knows of no answer before the last one",
  },
  {
    what: "Expect of something that nobody knows",
    request: `${GET}Expect: 200-maybe\r\n\r\n`,
    pages: [200],
    control: [200],
    open: true,
    why: "RFC 9110 section 10.1.1: 417 may be answered, and need not",
  },
  {
    what: "an upgrade to HTTP/2",
    request: `${GET}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n` +
      "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
    pages: [200],
    control: [200],
    open: true,
    why: "RFC 9113 section 3.1: the token is no longer in use; ignored",
  },
  {
    what: "three requests at once",
    request: `${GET}\r\nGET /no HTTP/1.1\r\nHost: HOST\r\n\r\n${GET}\r\n`,
    pages: [200],
    control: [200, 404, 200],
    open: true,
    why: "answered in their order; a page's connection ends with its answer",
  },
  {
    what: "Connection: close",
    request: `${GET}Connection: close\r\n\r\n${SMUGGLED}`,
    pages: [200],
    control: [200],
    why: "RFC 9112 section 9.6: nothing is processed behind it",
  },
  {
    what: "HTTP/1.0 that wants to stay",
    request: "GET /PATH HTTP/1.0\r\nHost: HOST\r\nConnection: keep-alive\r\n\r\n",
    pages: [200],
    control: [200],
    open: true,
  },
];

/** Requests whose body, or whose end, is odd. */
export const ODD_BODIES: OddHttp[] = [...BODY, ...READ];
