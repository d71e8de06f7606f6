import {
  answering,
  atOnce,
  type Behaviour,
  exchange,
  head,
  livesOn,
  ofBoth,
  OK,
  type Trial,
  unlessRefused,
} from "../behaviour.ts";
import { type Message, readAnswer, readRequestHead, valuesOf } from "../message.ts";

/** A body in three chunks, and the bytes that it stands for. */
const CHUNKED = "3\r\nabc\r\n4;note=1\r\ndefg\r\n1\r\nh\r\n0\r\n\r\n";

/** Says how a request was framed when the app got it, and with how much body. */
function framed(request: Message): string {
  const { framing, body, whole } = request;
  if (!whole) return "cut short";
  if (framing === "both") return "length and chunked";
  if (framing === "length" && valuesOf(request, "content-length").length > 1) return "two lengths";
  return body === "" && framing !== "chunked" ? "no body" : body || "a body of nothing in chunks";
}

async function bodySeen(trial: Trial, sent: string): Promise<string> {
  return ofBoth(await exchange(trial, sent), framed);
}

/** A request with or without a body, which the app has to get as one with or without a body. */
function body(
  what: string,
  line: string,
  fields: string[],
  content: string,
  right: string,
): Behaviour {
  return {
    what,
    rule: "RFC 9112 6: the app gets the body that was sent, framed once",
    right: [right],
    measure: (trial) => bodySeen(trial, head(trial, line, ...fields) + content),
  };
}

/** How the body of a request is passed on. */
export const REQUEST_FRAMING_ROWS: Behaviour[] = [
  body("GET with a length and a body", "GET /b", ["Content-Length: 7"], '{"q":1}', '{"q":1}'),
  body("GET with a body in chunks", "GET /b", ["Transfer-Encoding: chunked"], CHUNKED, "abcdefgh"),
  body("DELETE without a body", "DELETE /b", [], "", "no body"),
  body("OPTIONS without a body", "OPTIONS /b", [], "", "no body"),
  body("POST with a length of 0", "POST /b", ["Content-Length: 0"], "", "no body"),
  body("POST without a word on a body", "POST /b", [], "", "no body"),
  body("POST with a length", "POST /b", ["Content-Length: 8"], "abcdefgh", "abcdefgh"),
  body("POST in chunks", "POST /b", ["Transfer-Encoding: chunked"], CHUNKED, "abcdefgh"),
  body(
    "POST in chunks, none of them",
    "POST /b",
    ["Transfer-Encoding: chunked"],
    "0\r\n\r\n",
    "a body of nothing in chunks",
  ),
  {
    what: "POST with a length stays one with a length",
    rule: "small servers know no chunks (RFC 9112 6.1: only when known to be understood)",
    right: ["length"],
    async measure(trial) {
      const sent = head(trial, "POST /b", "Content-Length: 8") + "abcdefgh";
      return ofBoth(await exchange(trial, sent), ({ framing }) => framing);
    },
  },
  {
    what: "trailers of a request",
    rule: "RFC 9110 6.5: may be passed on or dropped (RFC 9112 7.1.2), never put among the fields",
    right: ["passed on"],
    allowed: ["dropped"],
    async measure(trial) {
      const both = await exchange(
        trial,
        head(trial, "POST /t", "Transfer-Encoding: chunked", "Trailer: X-Sum") +
          "3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n",
      );
      return ofBoth(both, (request) => {
        if (valuesOf(request, "x-sum").length > 0) return "among the fields";
        return valuesOf({ fields: request.trailers }, "x-sum")[0] === "7" ? "passed on" : "dropped";
      });
    },
  },
  {
    what: "the first part of an upload reaches the app before the second is sent",
    rule: "streams, as calls that talk while they upload need it",
    right: ["streamed"],
    allowed: ["held back"],
    limitMs: 3_000,
    async measure(trial) {
      const first = Promise.withResolvers<void>();
      trial.app.play(async (wire) => {
        await readRequestHead(wire);
        await wire.take(4);
        first.resolve();
        await wire.take(4);
        await wire.send(OK);
        await wire.rest();
      });
      const visitor = await trial.open();
      await visitor.send(head(trial, "POST /s", "Content-Length: 8") + "abcd");
      if (!await atOnce(first.promise.then(() => true))) return "held back";
      await visitor.send("efgh");
      return unlessRefused(await readAnswer(visitor), () => "streamed");
    },
  },
];

/** Requests whose end two readers may see at different places (RFC 9112 section 11.2). */
const SMUGGLING: [what: string, rule: string, fields: string[], content: string][] = [
  ["two lengths that differ", "6.3", ["Content-Length: 4", "Content-Length: 5"], "abcde"],
  ["a length that is a list of two", "6.3", ["Content-Length: 4, 5"], "abcde"],
  ["a length of +4", "6.2", ["Content-Length: +4"], "abcd"],
  ["a length of 0x4", "6.2", ["Content-Length: 0x4"], "abcd"],
  ["a length of -1", "6.2", ["Content-Length: -1"], ""],
  ["a coding nobody knows", "6.1", ["Transfer-Encoding: xchunked"], "0\r\n\r\n"],
  [
    "chunked, and then another coding",
    "6.3",
    ["Transfer-Encoding: chunked, identity"],
    "0\r\n\r\n",
  ],
  [
    "chunked twice",
    "7.1",
    ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
    "0\r\n\r\n",
  ],
  ["a space before the colon", "5.1", ["Content-Length : 4"], "abcd"],
  ["a tab before the coding's colon", "5.1", ["Transfer-Encoding\t: chunked"], "0\r\n\r\n"],
  ["a second Host", "3.2", ["Host: other.example"], ""],
  ["NUL in a value", "RFC 9110 5.5", ["X-A: a\0b"], ""],
  ["a bare CR in a value", "RFC 9110 5.5", ["X-A: a\rX-B: b"], ""],
  [
    "a chunk size that is no number",
    "7.1",
    ["Transfer-Encoding: chunked"],
    "zz\r\nabc\r\n0\r\n\r\n",
  ],
  ["a chunk longer than it says", "7.1", ["Transfer-Encoding: chunked"], "3\r\nabcde\r\n0\r\n\r\n"],
  [
    "a chunk size beyond 64 bits",
    "7.1",
    ["Transfer-Encoding: chunked"],
    "10000000000000003\r\nabc\r\n0\r\n\r\n",
  ],
];

/** Heads that say a thing twice, or in two ways. */
export const REQUEST_ODDITY_ROWS: Behaviour[] = [
  ...SMUGGLING.map(([what, rule, fields, content]): Behaviour => ({
    what: `request with ${what}`,
    rule: `${/RFC/.test(rule) ? rule : `RFC 9112 ${rule}`}: refused, or made harmless`,
    right: ["refused"],
    allowed: ["harmless"],
    direct: false,
    async measure(trial) {
      // What a misled reader would take for a request of its own.
      const inner = head(trial, "GET /smuggled");
      const sent = head(trial, "POST /outer", ...fields) + content;
      const requests = answering(trial.app);
      const visitor = await trial.open();
      await visitor.send(sent + inner);
      await visitor.finish();
      const answer = await readAnswer(visitor);
      const outer = requests[0];
      if (!await livesOn(trial)) return "the next visitor is not served";
      if (outer === undefined) {
        return answer === undefined || answer.status >= 400 ? "refused" : String(answer.status);
      }
      return harmful(outer) ?? (outer.whole ? "harmless" : "refused");
    },
  })),
  {
    what: "request with a length and chunks",
    rule: "RFC 9112 6.3: refused, or the length is removed",
    right: ["refused", "abcdefgh"],
    direct: false,
    measure: async (trial) => {
      const { request, answer } = await exchange(
        trial,
        head(trial, "POST /b", "Content-Length: 3", "Transfer-Encoding: chunked") + CHUNKED,
      );
      if (request === undefined) return (answer?.status ?? 400) >= 400 ? "refused" : "?";
      return framed(request);
    },
  },
  {
    what: "request with the same length twice",
    rule: "RFC 9112 6.3: refused, or passed on with one",
    right: ["refused", "abcdefgh"],
    direct: false,
    measure: async (trial) => {
      const { request, answer } = await exchange(
        trial,
        head(trial, "POST /b", "Content-Length: 8", "Content-Length: 8") + "abcdefgh",
      );
      if (request === undefined) return (answer?.status ?? 400) >= 400 ? "refused" : "?";
      return framed(request);
    },
  },
  {
    what: "request of HTTP/1.1 without Host",
    rule: "RFC 9112 3.2: 400",
    right: ["400"],
    direct: false,
    measure: async (trial) => {
      const { answer } = await exchange(trial, "GET / HTTP/1.1\r\nX-A: b\r\n\r\n");
      return unlessRefused(answer, () => "passed on");
    },
  },
  {
    what: "request with a folded field",
    rule: "RFC 9112 5.2: refused, or the fold becomes blanks",
    right: ["refused", "unfolded"],
    direct: false,
    measure: async (trial) => {
      const { request } = await exchange(trial, head(trial, "GET /f", "X-A: a\r\n b"));
      if (request === undefined) return "refused";
      return /^a +b$/.test(valuesOf(request, "x-a")[0] ?? "") ? "unfolded" : "passed on";
    },
  },
];

/** What an app could misread in a head that reached it; undefined when nothing. */
function harmful(request: Message): string | undefined {
  if (request.first.includes("/smuggled")) return "smuggled";
  if (request.framing === "both") return "length and chunked";
  const lengths = valuesOf(request, "content-length");
  if (lengths.length > 1 || lengths.some((v) => !/^\d+$/.test(v))) return `length ${lengths}`;
  const codings = valuesOf(request, "transfer-encoding");
  if (codings.length > 1 || codings.some((v) => v !== "chunked")) return `coding ${codings}`;
  if (valuesOf(request, "host").length !== 1) return "two Hosts";
  if (request.fields.some(([name]) => /\s$/.test(name))) return "blank before the colon";
  if (request.fields.some(([, value]) => /[\0\r]/.test(value))) return "control byte";
  return undefined;
}
