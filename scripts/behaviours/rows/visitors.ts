import {
  answerHead,
  answering,
  type Behaviour,
  exchange,
  head,
  lastAnswer,
  ofBoth,
  OK,
  type Trial,
  unlessRefused,
} from "../behaviour.ts";
import { readAnswer, readRequestHead, valueOf, valuesOf } from "../message.ts";

/** Bytes of an answer that no socket buffers whole. */
const LARGE = 9_000_000;

/** An upload that is answered before it is all there. */
const UPLOAD = 10_000_000;

const FULL = "the disk is full\n";
const TOO_LARGE = answerHead(
  "413 Content Too Large",
  `Content-Length: ${FULL.length}`,
  "Connection: close",
) + FULL;

/** Sends zeros until done or refused; never rejects. */
async function upload(wire: { send(bytes: Uint8Array): Promise<void> }, n: number): Promise<void> {
  const piece = new Uint8Array(100_000);
  try {
    for (let sent = 0; sent < n; sent += piece.length) await wire.send(piece);
  } catch {
    // Answered and closed before the end.
  }
}

/** What an app does that answers an upload early. */
async function early(trial: Trial, lingers: boolean): Promise<string> {
  trial.app.play(async (wire) => {
    await readRequestHead(wire);
    await wire.skip(300_000);
    await wire.send(TOO_LARGE);
    if (!lingers) return;
    await wire.finish();
    await wire.rest();
  });
  const visitor = await trial.open();
  await visitor.send(head(trial, "PUT /early", `Content-Length: ${UPLOAD}`));
  const uploading = upload(visitor, UPLOAD);
  try {
    const answer = await readAnswer(visitor);
    if (answer === undefined) return "closed without an answer";
    return answer.body === FULL ? String(answer.status) : `${answer.status}, other body`;
  } catch {
    return "reset";
  } finally {
    visitor.close();
    await uploading;
  }
}

/** `n` verdicts of a behaviour that goes wrong now and then, each with its count. */
async function often(n: number, measure: () => Promise<string>): Promise<string> {
  const counts = new Map<string, number>();
  for (let i = 0; i < n; i++) {
    const verdict = await measure();
    counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  }
  return [...counts].map(([verdict, count]) => `${count} x ${verdict}`).join(", ");
}

/** What the app says to `Expect: 100-continue`, before it has the body. */
function expecting(what: string, reply: string, status: number, sendsBody: boolean): Behaviour {
  return {
    what: `Expect: 100-continue, the app says ${what}`,
    rule: "RFC 9110 10.1.1: the app decides, the visitor sends no body before that",
    right: [sendsBody ? "100, then 200" : `${status}, and no 100`],
    async measure(trial) {
      let body = "";
      trial.app.play(async (wire) => {
        await readRequestHead(wire);
        await wire.send(reply);
        if (!sendsBody) return;
        body = String.fromCharCode(...await wire.take(4));
        await wire.send(OK);
        await wire.rest();
      });
      const visitor = await trial.open();
      await visitor.send(head(trial, "POST /e", "Content-Length: 4", "Expect: 100-continue"));
      const first = await visitor.until(/\r\n/);
      if (first === undefined) return "closed without an answer";
      const code = Number(first.split(" ")[1]);
      if (code !== 100) return `${code}, and no 100`;
      if (!sendsBody) return "100";
      await visitor.until(/\r\n/);
      await visitor.send("body");
      const answer = await readAnswer(visitor);
      return `100, then ${answer?.status}${body === "body" ? "" : ", without the body"}`;
    },
  };
}

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
    what: "an upload of 10 MB that the app answers early, lingering",
    rule: "RFC 9112 9.3: the answer reaches the visitor whole",
    right: ["413"],
    measure: (trial) => early(trial, true),
  },
  {
    what: "an upload of 10 MB that the app answers early and closes, 10 times",
    rule: "RFC 9112 9.6: the answer reaches the visitor whole",
    right: ["10 x 413"],
    limitMs: 20_000,
    measure: (trial) => often(10, () => early(trial, false)),
  },
  expecting("100", "HTTP/1.1 100 Continue\r\n\r\n", 100, true),
  expecting("417", "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n", 417, false),
  expecting(
    "401",
    "HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
    401,
    false,
  ),
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
