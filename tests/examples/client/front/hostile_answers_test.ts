import assert from "node:assert/strict";
import type { HttpExchange } from "../http_exchange.ts";
import { appFronted, type Fronted, HOSTNAME } from "./fronted.ts";
import { FRAME } from "./http2_frames.ts";
import { RawHttp2 } from "./raw_http2.ts";
import { RawVisitor } from "./raw_visitor.ts";

/** Every control character but the two that HTTP uses, and some that are none but odd. */
const CODES = [...Array(0x20).keys(), 0x7f, 0x80, 0x85, 0xa0, 0xad, 0xff]
  .filter((code) => code !== 0x09 && code !== 0x0a);

const OK = "Content-Length: 2\r\n\r\nok";

/** Answers with a character wherever an app can put one. */
const PLACES: Record<string, (character: string) => string> = {
  "in a value": (c) => `HTTP/1.1 200 OK\r\nX-Odd: a${c}b\r\n${OK}`,
  "around a value": (c) => `HTTP/1.1 200 OK\r\nX-Odd: ${c}a${c}\r\n${OK}`,
  "as a value": (c) => `HTTP/1.1 200 OK\r\nX-Odd:${c}\r\n${OK}`,
  "in a Content-Disposition": (c) =>
    `HTTP/1.1 200 OK\r\nContent-Disposition: attachment; filename="a${c}b"\r\n${OK}`,
  "in a Location": (c) => `HTTP/1.1 302 Found\r\nLocation: /a${c}b\r\n${OK}`,
  "in a Set-Cookie": (c) => `HTTP/1.1 200 OK\r\nSet-Cookie: a=${c}b\r\n${OK}`,
  "in a name": (c) => `HTTP/1.1 200 OK\r\nX-O${c}dd: a\r\n${OK}`,
  "before a name": (c) => `HTTP/1.1 200 OK\r\n${c}X-Odd: a\r\n${OK}`,
  "before a colon": (c) => `HTTP/1.1 200 OK\r\nX-Odd${c}: a\r\n${OK}`,
  "in a reason": (c) => `HTTP/1.1 200 O${c}K\r\n${OK}`,
  "in a status": (c) => `HTTP/1.1 2${c}0 OK\r\n${OK}`,
  "in a version": (c) => `HTTP/1${c}1 200 OK\r\n${OK}`,
  "in a length": (c) => `HTTP/1.1 200 OK\r\nContent-Length: 2${c}\r\n\r\nok`,
  "in a coding": (c) =>
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: ${c}chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
  "in a chunk's size": (c) =>
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2${c}\r\nok\r\n0\r\n\r\n`,
  "in a chunk's extension": (c) =>
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=${c}\r\nok\r\n0\r\n\r\n`,
  "in a trailer's value": (c) =>
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Odd: a${c}b\r\n\r\n`,
  "in a trailer's name": (c) =>
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-O${c}dd: a\r\n\r\n`,
  "in an interim answer": (c) =>
    `HTTP/1.1 103 E${c}H\r\nLink: <${c}>\r\nX${c}: y\r\n\r\nHTTP/1.1 200 OK\r\n${OK}`,
  "in the body": (c) => `HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${c}`,
  "in the place of an answer": (c) => c.repeat(100),
};

const LONG = "x".repeat(70_000);

/** Answers that are too much, too little, or contradict themselves. */
const ODDITIES: Record<string, string> = {
  "nothing": "",
  "one line": "HTTP/1.1 200 OK\r\n",
  "another protocol": "SSH-2.0-OpenSSH_9\r\n\r\n",
  "HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
  "TLS": "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
  "a head of 64 KiB and more": `HTTP/1.1 200 OK\r\nX-Long: ${LONG}\r\n${OK}`,
  "a head of 60 KiB": `HTTP/1.1 200 OK\r\nX-Long: ${LONG.slice(0, 60_000)}\r\n${OK}`,
  "a reason of 60 KiB": `HTTP/1.1 200 ${LONG.slice(0, 60_000)}\r\n${OK}`,
  "a name of 60 KiB": `HTTP/1.1 200 OK\r\n${LONG.slice(0, 60_000)}: a\r\n${OK}`,
  "900 fields": `HTTP/1.1 200 OK\r\n${"X-Many: y\r\n".repeat(900)}${OK}`,
  "900 cookies": `HTTP/1.1 200 OK\r\n${"Set-Cookie: a=b\r\n".repeat(900)}${OK}`,
  "2,000 fields": `HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(2_000)}${OK}`,
  "10,000 interim answers": "HTTP/1.1 103 E\r\nLink: <a>\r\n\r\n".repeat(10_000),
  "a negative length": "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nok",
  "a length that is none": "HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok",
  "a length beyond numbers": `HTTP/1.1 200 OK\r\nContent-Length: ${"9".repeat(40)}\r\n\r\nok`,
  "a length of petabytes": "HTTP/1.1 200 OK\r\nContent-Length: 900000000000000\r\n\r\nok",
  "two lengths": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
  "a chunk of exabytes":
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nok",
  "a chunk of terabytes": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffff\r\nok",
  "a negative chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\nok\r\n0\r\n\r\n",
  "an endless chunk size": `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${
    "0".repeat(70_000)
  }`,
  "endless trailers": `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n${
    "X-T: y\r\n".repeat(20_000)
  }`,
  "a trailer that frames": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n" +
    "Content-Length: 9\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
  "compression of a coding": "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
  "a switch that nobody asked for": "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nbytes",
  "a body of 204": "HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\nok",
  "a body of 304": "HTTP/1.1 304 No\r\nContent-Length: 2\r\n\r\nok",
  "pseudo-fields": `HTTP/1.1 200 OK\r\n:status: 500\r\n:path: /\r\n${OK}`,
  "fields of a connection":
    "HTTP/1.1 200 OK\r\nConnection: x-a, content-length\r\nX-A: 1\r\nKeep-Alive: 1\r\n" +
    `Proxy-Connection: x\r\nUpgrade: y\r\nTE: trailers\r\nHTTP2-Settings: AAAA\r\n${OK}`,
  "a date, length and type twice":
    "HTTP/1.1 200 OK\r\nDate: a\r\nDate: b\r\nContent-Type: a/b\r\nContent-Type: c/d\r\n" +
    `ETag: "a"\r\nETag: "b"\r\nLocation: /a\r\nLocation: /b\r\n${OK}`,
  "names of objects": `HTTP/1.1 200 OK\r\n__proto__: x\r\nconstructor: y\r\ntoString: z\r\n${OK}`,
  "more than it announced": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more",
};
for (let status = 0; status <= 999; status += status < 100 ? 33 : status < 200 ? 1 : 37) {
  const text = String(status).padStart(3, "0");
  ODDITIES[`status ${text}`] = `HTTP/1.1 ${text} Odd\r\n${OK}`;
}

/** What came of an app's answer for a visitor. */
type Outcome = "whole" | "502" | "broken";

async function http1(world: Fronted, answer: string): Promise<Outcome> {
  const visitor = await RawVisitor.open(world);
  visitor.send(`GET / HTTP/1.1\r\nHost: ${HOSTNAME}\r\nConnection: close\r\n\r\n`);
  await visitor.end();
  const text = visitor.received.toString("latin1");
  visitor.close();
  if (text === "") return "broken";
  // Each head that a visitor gets is one of HTTP, and not the app's raw bytes.
  for (const head of heads(text)) {
    const [first, ...lines] = head.split("\r\n");
    assert.match(first!, /^HTTP\/1\.1 [1-9]\d\d [\t\x20-\x7e\x80-\xff]*$/, show(answer, text));
    for (const line of lines) {
      const shape = /^[!#$%&'*+.^_`|~\w-]+: [\t\x20-\x7e\x80-\xff]*$/;
      assert.match(line, shape, show(answer, text));
    }
  }
  if (/^HTTP\/1\.1 502 /m.test(text)) return "502";
  return isWhole(text) ? "whole" : "broken";
}

/** Whether the last answer in a text has all of the body that it announces. */
function isWhole(text: string): boolean {
  const last = heads(text).at(-1)!;
  const body = text.slice(text.indexOf(last) + last.length + 4);
  if (/^transfer-encoding: chunked$/mi.test(last)) {
    return /(?:^|\r\n)0\r\n(?:.+\r\n)*\r\n$/.test(body);
  }
  return body.length === Number(/^content-length: (\d+)$/mi.exec(last)?.[1] ?? body.length) ||
    /^HTTP\/1\.1 304 /.test(last);
}

/** The heads of an answer, interim ones first. */
function heads(text: string): string[] {
  const found: string[] = [];
  while (true) {
    const end = text.indexOf("\r\n\r\n");
    if (end === -1) return found;
    found.push(text.slice(0, end));
    if (!/^HTTP\/1\.1 1(?!01)/.test(text)) return found;
    text = text.slice(end + 4);
  }
}

async function http2(world: Fronted): Promise<Outcome> {
  const visitor = await RawHttp2.open(world);
  let begun = false;
  const stream = visitor.ask("/");
  const last = await visitor.until((frame) => {
    if (frame.stream === stream && frame.type === FRAME.headers) begun = true;
    return frame.stream === stream &&
      (frame.type === FRAME.rstStream || (frame.type <= FRAME.headers && (frame.flags & 1) !== 0));
  });
  // A connection is good for the next request, whatever the app said to this one.
  visitor.send(visitor.request("/alive").frame);
  await visitor.until(({ stream, type }) => stream === 3 && type === FRAME.headers);
  visitor.close();
  return last.type === FRAME.rstStream || !begun ? "broken" : "whole";
}

function show(answer: string, text: string): string {
  return `${JSON.stringify(answer.slice(0, 200))} became ${JSON.stringify(text.slice(0, 300))}`;
}

/** Has the app say each of these to one visitor of each version, and somebody else visit after it. */
async function survives(answers: Iterable<string>): Promise<Map<string, Outcome[]>> {
  const outcomes = new Map<string, Outcome[]>();
  let answer = "";
  await appFronted(async (exchange: HttpExchange) => {
    const head = await exchange.head();
    await exchange.sendBytes(/^GET \/alive /.test(head) ? `HTTP/1.1 200 OK\r\n${OK}` : answer);
  }, async (world) => {
    for (answer of answers) {
      outcomes.set(answer, [await http1(world, answer), await http2(world)]);
      await world.empty();
    }
    const faults = world.lines.filter((line) => / error /.test(line));
    assert.deepEqual(faults, []);
  });
  return outcomes;
}

for (const [place, answer] of Object.entries(PLACES)) {
  Deno.test(`no character ${place} of an app's answer ends the client`, async () => {
    const outcomes = await survives(CODES.map((code) => answer(String.fromCharCode(code))));
    assert.equal(outcomes.size, CODES.length);
    if (!/value|Disposition|Location|Cookie|reason|extension|body$/.test(place)) return;
    // What may only not be shown becomes a space; the answer arrives.
    for (const [said, ways] of outcomes) {
      assert.deepEqual(ways, ["whole", "whole"], JSON.stringify(said));
    }
  });
}

Deno.test("no answer of an app ends the client, however much or little of one it is", async () => {
  const outcomes = await survives(Object.values(ODDITIES));
  const of = (what: string): Outcome[] => outcomes.get(ODDITIES[what]!)!;
  for (
    const what of [
      "a head of 60 KiB",
      "900 fields",
      "900 cookies",
      "names of objects",
      "fields of a connection",
      "a date, length and type twice",
      "more than it announced",
      "pseudo-fields",
      "a trailer that frames",
      "status 200",
      "status 903",
    ]
  ) assert.deepEqual(of(what), ["whole", "whole"], what);
  for (
    const what of [
      "nothing",
      "one line",
      "another protocol",
      "a head of 64 KiB and more",
      "2,000 fields",
      "two lengths",
      "a negative length",
      "a switch that nobody asked for",
      "status 000",
    ]
  ) assert.equal(of(what)[0], "502", what);
});
