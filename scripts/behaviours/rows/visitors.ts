import {
  answerHead,
  answering,
  type Behaviour,
  exchange,
  head,
  lastAnswer,
  ofBoth,
  OK,
  unlessRefused,
} from "../behaviour.ts";
import { readAnswer, valueOf, valuesOf } from "../message.ts";

/** Bytes of an answer that no socket buffers whole. */
const LARGE = 9_000_000;

/** How visitors' connections are used and ended. */
export const VISITOR_ROWS: Behaviour[] = [
  {
    what: "20 requests on one connection",
    rule: "RFC 9112 9.3: connections persist",
    right: ["20 answers"],
    async measure(trial) {
      const requests = answering(trial.app);
      const visitor = await trial.open();
      let answers = 0;
      for (let i = 0; i < 20; i++) {
        await visitor.send(head(trial, `GET /${i}`));
        const answer = await readAnswer(visitor);
        if (answer?.body !== "ok" || !requests[i]?.first.startsWith(`GET /${i} `)) break;
        answers++;
      }
      return `${answers} answers`;
    },
  },
  {
    what: "three requests in one segment",
    rule: "RFC 9112 9.3.2: answered in their order",
    right: ["in order"],
    async measure(trial) {
      answering(trial.app, async (wire, { first }) => {
        const path = first.split(" ")[1]!;
        await wire.send(answerHead("200 OK", `Content-Length: ${path.length}`) + path);
      });
      const visitor = await trial.open();
      await visitor.send(["/a", "/b", "/c"].map((path) => head(trial, `GET ${path}`)).join(""));
      const bodies = [];
      for (let i = 0; i < 3; i++) bodies.push((await readAnswer(visitor))?.body);
      return bodies.join() === "/a,/b,/c" ? "in order" : bodies.join();
    },
  },
  {
    what: "Connection: close",
    rule: "RFC 9112 9.6: closed after the answer",
    right: ["closed"],
    async measure(trial) {
      const { answer, visitor } = await exchange(
        trial,
        head(trial, "GET /", "Connection: close"),
        lastAnswer(OK),
      );
      if (answer?.body !== "ok") return "no answer";
      return (await visitor.rest()).length === 0 ? "closed" : "more bytes";
    },
  },
  {
    what: "empty lines before a request",
    rule: "RFC 9112 2.2: a server should ignore them",
    right: ["answered"],
    direct: false,
    measure: async (trial) => {
      const { answer } = await exchange(trial, "\r\n\r\n" + head(trial, "GET /"));
      return unlessRefused(answer, () => "answered");
    },
  },
  {
    what: "a visitor of HTTP/1.0, an answer in chunks",
    rule: "RFC 9112 6.1: no chunks to a visitor of HTTP/1.0",
    right: ["hello, closed"],
    direct: false,
    async measure(trial) {
      const { answer, visitor } = await exchange(
        trial,
        `GET / HTTP/1.0\r\nHost: ${trial.host}\r\n\r\n`,
        answerHead("200 OK", "Transfer-Encoding: chunked") + "5\r\nhello\r\n0\r\n\r\n",
      );
      return unlessRefused(answer, () => {
        if (answer!.framing === "chunked") return "chunks";
        return `${answer!.body}, ${visitor.ended ? "closed" : "open"}`;
      }).replace(", open", ", closed");
    },
  },
  {
    what: "the visitor ends its side after the request",
    rule: "RFC 9112 9.6: a half-close is no leaving; PROTOCOL section 3",
    right: ["whole answer"],
    async measure(trial) {
      answering(
        trial.app,
        lastAnswer(answerHead("200 OK", `Content-Length: ${LARGE}`) + "x".repeat(LARGE)),
      );
      const visitor = await trial.open();
      await visitor.send(head(trial, "GET /half"));
      await visitor.finish();
      const answer = await readAnswer(visitor);
      if (answer === undefined) return "closed without an answer";
      return answer.whole ? "whole answer" : `${answer.body.length} of ${LARGE} bytes`;
    },
  },
  {
    what: "what Connection names is for one hop",
    rule: "RFC 9110 7.6.1: fields that Connection names are removed, both ways",
    right: ["removed"],
    direct: false,
    async measure(trial) {
      const both = await exchange(
        trial,
        head(trial, "GET /", "Connection: x-hop", "X-Hop: 1", "X-Stays: 1"),
        answerHead("200 OK", "Connection: x-back", "X-Back: 1", "Content-Length: 0"),
      );
      return ofBoth(both, (request, answer) => {
        if (valueOf(request, "x-stays") !== "1") return "another is gone";
        if (valuesOf(request, "x-hop").length > 0) return "passed to the app";
        return valuesOf(answer, "x-back").length > 0 ? "passed to the visitor" : "removed";
      });
    },
  },
];
