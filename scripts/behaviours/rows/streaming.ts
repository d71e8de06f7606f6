import { answerHead, type Behaviour, head, unlessRefused } from "../behaviour.ts";
import { readAnswer, readRequestHead } from "../message.ts";

/** Answers that come bit by bit. */
export const STREAMING_ROWS: Behaviour[] = [
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
      const came = await Promise.race([
        one.then((text) => text !== undefined),
        new Promise<false>((resolve) => setTimeout(resolve, 1_500, false)),
      ]);
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
      const came = await Promise.race([
        visitor.until(/\r\n\r\n/).then((text) => text !== undefined),
        new Promise<false>((resolve) => setTimeout(resolve, 1_500, false)),
      ]);
      seen.resolve();
      if (!came) return "held back";
      return String.fromCharCode(...await visitor.take(2)) === "ok" ? "at once" : "other body";
    },
  },
  {
    what: "a long poll: the answer comes after 3 s",
    rule: "a wait is no failure",
    right: ["answered"],
    async measure(trial) {
      trial.app.play(async (wire) => {
        await readRequestHead(wire);
        await new Promise((resolve) => setTimeout(resolve, 3_000));
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
