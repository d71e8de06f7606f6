import { answerHead, type Behaviour, head, OK, type Trial } from "../behaviour.ts";
import { readAnswer, readRequestHead } from "../message.ts";

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

/** What an app says before it has read everything. */
export const UPLOAD_ROWS: Behaviour[] = [
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
  {
    what: "an upload answered before its end, which goes on, and another request behind it",
    rule: "RFC 9112 9.3: the rest of the upload is no request",
    right: ["401, then ok", "401, then closed"],
    async measure(trial) {
      trial.app.play(async (wire) => {
        const request = await readRequestHead(wire);
        if (request === undefined) return;
        if (request.first.startsWith("PUT")) {
          await wire.send(
            answerHead("401 Who", "WWW-Authenticate: Basic", "Content-Length: 2") + "no",
          );
          await wire.skip(300_000);
          if (await readRequestHead(wire) === undefined) return;
        }
        await wire.send(OK);
        await wire.rest();
      });
      const visitor = await trial.open();
      await visitor.send(head(trial, "PUT /early", "Content-Length: 300000"));
      const first = await readAnswer(visitor);
      try {
        await visitor.send(new Uint8Array(300_000));
        await visitor.send(head(trial, "GET /next"));
        const next = await readAnswer(visitor);
        if (next !== undefined) return `${first?.status}, then ${next.body}`;
      } catch {
        // Closed after the answer, which it may be (RFC 9112 section 9.6).
      }
      return `${first?.status ?? "no answer"}, then closed`;
    },
  },
  expecting("100", "HTTP/1.1 100 Continue\r\n\r\n", 100, true),
  expecting("417", "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n", 417, false),
  expecting(
    "401",
    "HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
    401,
    false,
  ),
];
