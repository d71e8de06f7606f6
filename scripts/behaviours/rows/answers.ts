import { answerHead, type Behaviour, head, lastAnswer, OK } from "../behaviour.ts";
import { answerRow, body, fieldAsSaid } from "./answer_row.ts";
import { readAnswer, valueOf, valuesOf } from "../message.ts";

/** How far the date of an answer may be from now, milliseconds. */
const DATE_SLACK_MS = 60_000;

/** An answer whose status has no body, read on the same connection as the next one. */
function bodyless(status: string, fields: string[], method = "GET"): Behaviour {
  return {
    what: `${method === "GET" ? "" : `${method}: `}${status}, ${fields[0] ?? "without a length"}`,
    rule: "RFC 9110 6.4, 15.3.6, 15.4.5: no body, and the next answer is read right",
    right: ["no body"],
    async measure(trial) {
      let first = true;
      trial.app.play(async (wire) => {
        while (await wire.until(/\r\n\r\n/) !== undefined) {
          await wire.send(
            first
              ? answerHead(status, ...fields)
              : answerHead("200 OK", "Content-Length: 4") + "next",
          );
          // What has no length and may have a body ends with the connection (RFC 9112 6.3).
          const ends = first && fields.length === 0 && status.startsWith("205");
          first = false;
          if (ends) return;
        }
      });
      const visitor = await trial.open();
      await visitor.send(head(trial, `${method} /1`));
      const answer = await readAnswer(visitor, method);
      if (answer?.status !== Number(status.slice(0, 3))) return String(answer?.status ?? "closed");
      if (answer.body !== "") return "a body";
      const length = /^Content-Length: (\d+)/.exec(fields[0] ?? "")?.[1];
      if (method === "HEAD" && valueOf(answer, "content-length") !== length) return "other length";
      // Where the end of the connection was the end of the answer there is no next one.
      if (answer.framing === "close") return "no body";
      await visitor.send(head(trial, "GET /2"));
      const next = await readAnswer(visitor);
      return next?.body === "next" ? "no body" : "the next answer is misread";
    },
  };
}

/** Heads and bodies of answers. */
export const ANSWER_ROWS: Behaviour[] = [
  answerRow({
    what: "trailers of an answer",
    rule: "RFC 9110 6.5.1: to whoever says TE: trailers",
    fields: ["TE: trailers", "Connection: TE"],
    reply: answerHead("200 OK", "Transfer-Encoding: chunked", "Trailer: X-Sum") +
      "2\r\nhi\r\n0\r\nX-Sum: 7\r\n\r\n",
    verdict: ({ trailers }) =>
      valuesOf({ fields: trailers }, "x-sum")[0] === "7" ? "as said" : "dropped",
    allowed: ["dropped"],
  }),
  answerRow({
    what: "103 Early Hints",
    rule: "RFC 9110 15.2: a proxy must pass 1xx on",
    reply: answerHead("103 Early Hints", "Link: </a.css>; rel=preload") +
      answerHead("200 OK", "Content-Length: 2") + "ok",
    verdict: ({ interim }) =>
      interim.length === 1 && valueOf(interim[0]!, "link") === "</a.css>; rel=preload"
        ? "as said"
        : "dropped",
  }),
  answerRow({
    what: "an app of HTTP/1.0",
    rule: "RFC 9112 6.3: what has no length ends with the connection",
    reply: lastAnswer("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nold"),
    verdict: body("old"),
  }),
  answerRow({
    what: "an answer that ends with the connection",
    rule: "RFC 9112 6.3",
    reply: lastAnswer(answerHead("200 OK") + "to the end"),
    verdict: body("to the end"),
  }),
  answerRow({
    what: "an answer in chunks",
    rule: "RFC 9112 7.1",
    reply: answerHead("200 OK", "Transfer-Encoding: chunked") +
      "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
    verdict: body("abcde"),
  }),
  bodyless("204 No Content", []),
  bodyless("205 Reset Content", ["Content-Length: 0"]),
  bodyless("205 Reset Content", []),
  bodyless("304 Not Modified", ["Content-Length: 4096"]),
  bodyless("304 Not Modified", []),
  bodyless("200 OK", ["Content-Length: 4096"], "HEAD"),
  bodyless("200 OK", ["Transfer-Encoding: chunked"], "HEAD"),
  answerRow({
    what: "Set-Cookie three times",
    rule: "RFC 6265 3: never joined into one",
    reply: answerHead(
      "200 OK",
      ...["a=1", "b=2; Path=/", "a=3"].map((cookie) => `Set-Cookie: ${cookie}`),
      "Content-Length: 0",
    ),
    verdict: (answer) =>
      valuesOf(answer, "set-cookie").join("|") === "a=1|b=2; Path=/|a=3" ? "as said" : "altered",
  }),
  answerRow({
    what: "Date and Server",
    rule: "RFC 9110 6.6.1, 10.2.4: those of the app",
    reply: answerHead(
      "200 OK",
      "Date: Tue, 01 Jan 2019 00:00:00 GMT",
      "Server: app/1",
      "Content-Length: 0",
    ),
    verdict: (answer) => {
      if (valueOf(answer, "server") !== "app/1") return "the proxy's Server";
      return valueOf(answer, "date")?.includes("2019") ? "as said" : "the proxy's Date";
    },
  }),
  answerRow({
    what: "an answer without a Date",
    rule: "RFC 9110 6.6.1: who passes it on dates it, from which caches count",
    right: ["dated"],
    direct: false,
    reply: OK,
    verdict(answer) {
      const ageMs = Date.now() - Date.parse(valueOf(answer, "date") ?? "");
      return Math.abs(ageMs) < DATE_SLACK_MS ? "dated" : "no Date";
    },
  }),
  answerRow({
    what: "a body with Content-Encoding: gzip",
    rule: "RFC 9110 7.7: content stays as it is coded",
    fields: ["Accept-Encoding: gzip"],
    reply: answerHead("200 OK", "Content-Encoding: gzip", 'ETag: "z"', "Content-Length: 4") +
      "\x1f\x8b\x08\x00",
    verdict: (answer) =>
      answer.body === "\x1f\x8b\x08\x00" && valueOf(answer, "etag") === '"z"' &&
        valueOf(answer, "content-encoding") === "gzip"
        ? "as said"
        : "altered",
  }),
  answerRow({
    what: "206 to a Range",
    rule: "RFC 9110 14: status, Content-Range and part as the app has them",
    fields: ["Range: bytes=2-4"],
    reply: answerHead("206 Partial Content", "Content-Range: bytes 2-4/9", "Content-Length: 3") +
      "cde",
    anyStatus: true,
    verdict: (answer) =>
      answer.status === 206 && valueOf(answer, "content-range") === "bytes 2-4/9" &&
        answer.body === "cde"
        ? "as said"
        : String(answer.status),
  }),
  answerRow({
    what: "Latin-1 in a value of an answer",
    rule: "RFC 9110 5.5: obs-text is passed on",
    reply: answerHead("200 OK", "X-Name: J\xf6rg", "Content-Length: 2") + "ok",
    verdict: fieldAsSaid("x-name", "J\xf6rg"),
  }),
  answerRow({
    what: "UTF-8 in a file name of Content-Disposition",
    rule: "RFC 9110 5.5: obs-text is passed on",
    reply: answerHead("200 OK", 'Content-Disposition: x; filename="\xc3\xa9"', "Content-Length: 0"),
    verdict: fieldAsSaid("content-disposition", 'x; filename="\xc3\xa9"'),
  }),
];
