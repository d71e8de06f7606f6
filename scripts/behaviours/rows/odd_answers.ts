import {
  answerHead,
  type Behaviour,
  exchange,
  head,
  lastAnswer,
  livesOn,
  type Trial,
} from "../behaviour.ts";
import { valueOf, valuesOf } from "../message.ts";
import { answerRow, body, fieldAsSaid } from "./answer_row.ts";

/** Bytes that stand in no text, of those below 128. */
const CONTROLS = [0x01, 0x07, 0x08, 0x0b, 0x0c, 0x0e, 0x1b, 0x1f, 0x7f];

/** Answers that a strict reader would not take. */
export const ODD_ANSWER_ROWS: Behaviour[] = [
  answerRow({
    what: "lines that end with a bare LF",
    rule: "RFC 9112 2.2: may be read so; never a broken head to the visitor",
    reply: "HTTP/1.1 200 OK\nX-A: b\nContent-Length: 2\n\nok",
    verdict: fieldAsSaid("x-a", "b"),
    allowed: ["502"],
  }),
  answerRow({
    what: "a space before the colon",
    rule: "RFC 9112 5.1: a proxy must remove it",
    reply: "HTTP/1.1 200 OK\r\nX-Srv : GoAhead\r\nContent-Length: 2\r\n\r\nok",
    verdict: (answer) => valueOf(answer, "x-srv") === "GoAhead" ? "removed" : "kept or dropped",
    right: ["removed"],
    direct: false,
  }),
  answerRow({
    what: "a folded field",
    rule: "RFC 9112 5.2: unfolded, or 502",
    reply: "HTTP/1.1 200 OK\r\nX-A: a\r\n b\r\nContent-Length: 2\r\n\r\nok",
    verdict: (answer) =>
      /^a +b$/.test(valueOf(answer, "x-a") ?? "") ? "unfolded" : "folded or dropped",
    right: ["unfolded", "502"],
    direct: false,
  }),
  answerRow({
    what: "Transfer-Encoding: identity, with a length",
    rule: "RFC 9112 6.1: no such coding any more; the length holds",
    reply: answerHead("200 OK", "Transfer-Encoding: identity", "Content-Length: 2") + "ok",
    verdict: (answer) => valuesOf(answer, "transfer-encoding").length === 0 ? "ok" : "kept",
    right: ["ok"],
    allowed: ["502"],
    direct: false,
  }),
  answerRow({
    what: "a name that is no token, X(foo)",
    rule: "RFC 9110 5.1: dropped or 502, and nothing ends",
    reply: answerHead("200 OK", "X(foo): 1", "Content-Length: 2") + "ok",
    verdict: (answer) => valueOf(answer, "x(foo)") === undefined ? "dropped" : "passed on",
    right: ["dropped", "502"],
    allowed: ["passed on"],
    direct: false,
  }),
  answerRow({
    what: "a field of 20,000 bytes in an answer",
    rule: "RFC 9110 5.4: no limit of its own",
    reply: answerHead("200 OK", `X-Long: ${"a".repeat(20_000)}`, "Content-Length: 2") + "ok",
    verdict: fieldAsSaid("x-long", "a".repeat(20_000)),
    allowed: ["502"],
  }),
  answerRow({
    what: "200 fields in an answer",
    rule: "RFC 9110 5.4: all are passed on",
    reply: answerHead(
      "200 OK",
      ...Array.from({ length: 200 }, (_, i) => `X-F${i}: ${i}`),
      "Content-Length: 2",
    ) + "ok",
    verdict: ({ fields }) => String(fields.filter(([name]) => /^x-f\d/i.test(name)).length),
    right: ["200"],
  }),
  answerRow({
    what: "no reason phrase",
    rule: "RFC 9112 4: it may be empty",
    reply: "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok",
    verdict: body("ok"),
  }),
  answerRow({
    what: "status 299",
    rule: "RFC 9110 15: an unknown status is passed on",
    reply: answerHead("299 Odd", "Content-Length: 2") + "ok",
    anyStatus: true,
    verdict: ({ status }) => String(status),
    right: ["299"],
  }),
  answerRow({
    what: "status 999",
    rule: "RFC 9110 15: no valid status; passed on or 502, and nothing ends",
    reply: answerHead("999 Odd", "Content-Length: 2") + "ok",
    anyStatus: true,
    verdict: ({ status }) => String(status),
    right: ["999", "502"],
  }),
  answerRow({
    what: "ICY 200 OK",
    rule: "RFC 9112 4: not HTTP; read as such or 502, and nothing ends",
    reply: lastAnswer("ICY 200 OK\r\nContent-Type: audio/mpeg\r\n\r\nmp3"),
    anyStatus: true,
    verdict: ({ status, body }) => status === 200 && body === "mp3" ? "200" : String(status),
    right: ["200", "502"],
    direct: false,
  }),
  answerRow({
    what: "noise in place of an answer",
    rule: "RFC 9110 15.6.3: 502",
    reply: lastAnswer("\x16\x03\x01\x02\x00noise\r\n\r\n"),
    anyStatus: true,
    verdict: ({ status }) => String(status),
    right: ["502"],
    direct: false,
  }),
  answerRow({
    what: "the app closes without a word",
    rule: "RFC 9110 15.6.3: 502",
    reply: async (wire) => await Promise.resolve(wire.close()),
    anyStatus: true,
    verdict: ({ status }) => String(status),
    right: ["502"],
    direct: false,
  }),
  {
    what: `control bytes in a field (${CONTROLS.map((c) => hex(c)).join(" ")})`,
    rule: "RFC 9110 5.5: passed, replaced or 502; nothing ends",
    right: ["9 answered"],
    measure: (trial) => controls(trial, CONTROLS),
  },
  {
    what: "NUL and a bare CR in a field",
    rule: "RFC 9110 5.5: replaced or 502, never passed on; nothing ends",
    right: ["2 answered"],
    direct: false,
    measure: (trial) => controls(trial, [0x00, 0x0d]),
  },
];

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0").toUpperCase();
}

async function controls(trial: Trial, bytes: number[]): Promise<string> {
  let answered = 0;
  for (const byte of bytes) {
    const value = `a${String.fromCharCode(byte)}b`;
    const { answer, visitor } = await exchange(
      trial,
      head(trial, "GET /control"),
      answerHead("200 OK", `X-A: ${value}`, "Content-Length: 2") + "ok",
    );
    visitor.close();
    if (answer === undefined) return `${hex(byte)}: closed`;
    const passed = valuesOf(answer, "x-a")[0] === value;
    if (passed && (byte === 0x00 || byte === 0x0d)) return `${hex(byte)}: passed on`;
    if (![200, 502].includes(answer.status)) return `${hex(byte)}: ${answer.status}`;
    if (!await livesOn(trial)) return `${hex(byte)}: the next visitor is not served`;
    answered++;
  }
  return `${answered} answered`;
}
