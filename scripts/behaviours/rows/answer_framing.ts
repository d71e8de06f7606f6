import {
  answerHead,
  answering,
  type Behaviour,
  exchange,
  head,
  lastAnswer,
  livesOn,
  OK,
  type Reply,
  type Trial,
} from "../behaviour.ts";
import { type Answer, readAnswer, valuesOf } from "../message.ts";

/** How a visitor sees an answer's framing: the body, or that there is none to be trusted. */
function seen(answer: Answer | undefined): string {
  if (answer === undefined) return "closed";
  if (answer.framing === "both") return "length and chunked";
  const lengths = valuesOf(answer, "content-length");
  if (lengths.length > 1) return "two lengths";
  if (!answer.whole) return "cut short";
  return answer.status === 200 ? answer.body : String(answer.status);
}

function framing(
  what: string,
  rule: string,
  reply: Reply,
  right: string[],
  allowed: string[] = [],
): Behaviour {
  return {
    what,
    rule,
    right,
    allowed,
    direct: false,
    async measure(trial) {
      const { answer } = await exchange(trial, head(trial, "GET /x"), reply);
      const verdict = seen(answer);
      return await livesOn(trial) ? verdict : "the next visitor is not served";
    },
  };
}

/** Sends an answer and closes at once, as an app does that broke off. */
function breaksOff(content: string): Reply {
  return async (wire) => {
    await wire.send(content);
    wire.close();
  };
}

/** Two visitors' requests, the first of which the app answers with more than its answer. */
async function stray(trial: Trial): Promise<string> {
  const evil = answerHead("200 OK", "Content-Length: 4") + "evil";
  let first = true;
  answering(trial.app, async (wire) => {
    await wire.send(first ? OK + evil : OK);
    first = false;
  });
  const bodies = [];
  for (let i = 0; i < 3; i++) {
    const visitor = await trial.open();
    await visitor.send(head(trial, `GET /stray${i}`));
    bodies.push((await readAnswer(visitor))?.body);
  }
  return bodies.join();
}

/** Answers whose end two readers may see at different places. */
export const ANSWER_FRAMING_ROWS: Behaviour[] = [
  framing(
    "an answer with two lengths that differ",
    "RFC 9112 6.3: a proxy must answer 502",
    lastAnswer(answerHead("200 OK", "Content-Length: 2", "Content-Length: 3") + "abc"),
    ["502"],
  ),
  framing(
    "an answer with the same length twice",
    "RFC 9112 6.3: passed on with one, or 502",
    answerHead("200 OK", "Content-Length: 2", "Content-Length: 2") + "ok",
    ["ok", "502"],
  ),
  framing(
    "an answer with a length and chunks",
    "RFC 9112 6.3: the chunks count, the length is removed, or 502",
    lastAnswer(
      answerHead("200 OK", "Content-Length: 3", "Transfer-Encoding: chunked") +
        "5\r\nabcde\r\n0\r\n\r\n",
    ),
    ["abcde", "502"],
  ),
  framing(
    "an answer in chunks, said twice",
    "RFC 9112 6.1: must not be; 502, or read as one",
    lastAnswer(
      answerHead("200 OK", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked") +
        "2\r\nok\r\n0\r\n\r\n",
    ),
    ["502", "ok"],
  ),
  framing(
    "an answer that ends before its length",
    "RFC 9112 8: the visitor must see that it is not whole",
    breaksOff(answerHead("200 OK", "Content-Length: 100") + "part"),
    ["cut short"],
    ["502"],
  ),
  framing(
    "an answer that ends before its last chunk",
    "RFC 9112 8: the visitor must see that it is not whole",
    breaksOff(answerHead("200 OK", "Transfer-Encoding: chunked") + "4\r\npart\r\n"),
    ["cut short"],
    ["502"],
  ),
  framing(
    "an answer whose chunks break off in noise",
    "RFC 9112 7.1: the visitor must see that it is not whole",
    lastAnswer(
      answerHead("200 OK", "Transfer-Encoding: chunked") + "4\r\npart\r\nzz\r\nnoise\r\n",
    ),
    ["cut short"],
    ["502"],
  ),
  framing(
    "the app closes within its head",
    "RFC 9112 8: 502",
    breaksOff("HTTP/1.1 200 OK\r\nContent-Le"),
    ["502"],
  ),
  {
    what: "an answer with a second one behind it",
    rule: "RFC 9112 6.3: bytes behind an answer are nobody's; never the next visitor's",
    right: ["ok,ok,ok"],
    direct: false,
    measure: stray,
  },
];
