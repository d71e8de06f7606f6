import { sleep } from "../../../lib/net/pause.ts";
import {
  answerHead,
  answering,
  atOnce,
  type Behaviour,
  exchange,
  head,
  livesOn,
  unlessRefused,
} from "../behaviour.ts";
import { readAnswer, readRequestHead } from "../message.ts";
import { SILENCE_S } from "../proxies.ts";

/** Pieces of something that takes far longer than {@linkcode SILENCE_S}, and the pause between. */
const PIECES = { count: 16, pauseMs: 500 } as const;

/** Does this again and again, with pauses. */
async function trickle(send: () => Promise<void>): Promise<void> {
  for (let i = 0; i < PIECES.count; i++) {
    await send();
    await sleep(PIECES.pauseMs);
  }
}

const SLOW = `8 s, where ${SILENCE_S} s of silence are the limit`;

/** Uploads and answers in more time than any of their pieces may take. */
const SLOW_ROWS: Behaviour[] = [
  {
    what: `an upload that takes ${SLOW}`,
    rule: "limits count silence, not the total time",
    right: ["all of it"],
    limitMs: 15_000,
    async measure(trial) {
      const requests = answering(trial.app);
      const visitor = await trial.open();
      await visitor.send(head(trial, "PUT /slow", `Content-Length: ${PIECES.count * 1000}`));
      await trickle(() => visitor.send("x".repeat(1000)));
      const answer = await readAnswer(visitor);
      return unlessRefused(
        answer,
        () => requests[0]?.body.length === PIECES.count * 1000 ? "all of it" : "a part of it",
      );
    },
  },
  {
    what: `an answer that takes ${SLOW}`,
    rule: "limits count silence, not the total time",
    right: ["all of it"],
    limitMs: 15_000,
    async measure(trial) {
      const { answer } = await exchange(trial, head(trial, "GET /slow"), async (wire) => {
        await wire.send(answerHead("200 OK", `Content-Length: ${PIECES.count * 1000}`));
        await trickle(() => wire.send("x".repeat(1000)));
      });
      return unlessRefused(answer, () => "all of it");
    },
  },
  {
    what: `an app that is silent for longer than ${SILENCE_S} s`,
    rule: "RFC 9110 15.6.5: 504, and the next visitor is served",
    right: ["504"],
    direct: false,
    async measure(trial) {
      trial.app.play(async (wire) => void await wire.rest());
      const visitor = await trial.open();
      await visitor.send(head(trial, "GET /silent"));
      const answer = await readAnswer(visitor);
      if (!await livesOn(trial)) return "the next visitor is not served";
      return String(answer?.status ?? "closed");
    },
  },
];

/** Answers that come bit by bit. */
export const STREAMING_ROWS: Behaviour[] = [
  ...SLOW_ROWS,
  {
    what: "server-sent events, one after the other",
    rule: "HTML 9.2: an event is shown when it is sent, not when a buffer is full",
    right: ["at once"],
    limitMs: 4_000,
    async measure(trial) {
      const first = Promise.withResolvers<void>();
      trial.app.play(async (wire) => {
        await readRequestHead(wire);
        await wire.send(answerHead("200 OK", "Content-Type: text/event-stream"));
        await wire.send("data: 1\n\n");
        await first.promise;
        await wire.send("data: 2\n\n");
      });
      const visitor = await trial.open();
      await visitor.send(head(trial, "GET /events"));
      const one = visitor.until(/data: 1\n\n/);
      const came = await atOnce(one.then((text) => text !== undefined));
      first.resolve();
      if (!came) return "held back";
      return await visitor.until(/data: 2\n\n/) === undefined ? "cut short" : "at once";
    },
  },
  {
    what: "a head whose body comes later",
    rule: "a page begins to show with its head",
    right: ["at once"],
    limitMs: 4_000,
    async measure(trial) {
      const seen = Promise.withResolvers<void>();
      trial.app.play(async (wire) => {
        await readRequestHead(wire);
        await wire.send(answerHead("200 OK", "Content-Length: 2"));
        await seen.promise;
        await wire.send("ok");
        await wire.rest();
      });
      const visitor = await trial.open();
      await visitor.send(head(trial, "GET /late"));
      const whole = visitor.until(/\r\n\r\n/);
      const came = await atOnce(whole.then((text) => text !== undefined));
      seen.resolve();
      if (!came) return "held back";
      return String.fromCharCode(...await visitor.take(2)) === "ok" ? "at once" : "other body";
    },
  },
  {
    what: "a long poll: the answer comes after 2 s",
    rule: "a wait is no failure",
    right: ["answered"],
    async measure(trial) {
      trial.app.play(async (wire) => {
        await readRequestHead(wire);
        await sleep(2_000);
        await wire.send(answerHead("200 OK", "Content-Length: 4") + "poll");
        await wire.rest();
      });
      const visitor = await trial.open();
      await visitor.send(head(trial, "GET /poll"));
      const answer = await readAnswer(visitor);
      return unlessRefused(answer, () => answer!.body === "poll" ? "answered" : "other body");
    },
  },
  {
    what: "a visitor that leaves ends its request at the app",
    rule: "RFC 9112 9.5: the app need not go on for nobody",
    right: ["noticed"],
    async measure(trial) {
      const gone = Promise.withResolvers<void>();
      trial.app.play(async (wire) => {
        await readRequestHead(wire);
        await wire.send(answerHead("200 OK", "Transfer-Encoding: chunked") + "3\r\nabc\r\n");
        await wire.rest().catch(() => {});
        gone.resolve();
      });
      const visitor = await trial.open();
      await visitor.send(head(trial, "GET /leave"));
      await visitor.until(/abc/);
      visitor.close();
      await gone.promise;
      return "noticed";
    },
  },
];
