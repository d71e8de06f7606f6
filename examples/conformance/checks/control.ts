import { SUBPROTOCOL } from "../../../lib/wire/messages.ts";
import { LATE_BYTES } from "../app.ts";
import { type Check, expect, stillness, watch, within } from "../check.ts";
import { ask, readAnswer } from "../http.ts";
import { PING_S } from "../relay.ts";

/** How long a client may take to come back, milliseconds. */
const BACK_MS = 45_000;

/** Time of observation while the relay takes no session, and the most tries within it and until a pause. */
const AWAY_MS = 4_000;
const MAX_TRIES = 15;

/** What is a pause between tries, at least, milliseconds; and as a multiple of the shortest there was. */
const PAUSE_MS = 1_000;
const LONGER = 3;

/** Lists within lists of a message that is unknown, all within its 16 KiB. */
const DEEP = 8_000;

/** What a goodbye asks for, milliseconds. */
const RETRY_AFTER_MS = 3_000;

/** Section 2: the control WebSocket. */
export const CONTROL: Check[] = [
  {
    name: "control",
    section: 2,
    needs: "running",
    what: "opens a WebSocket with its token and the subprotocol",
    async run({ relay }) {
      await relay.ready(0);
      const attempt = relay.attempts.at(-1)!;
      expect(attempt.authorized, "it did not send the token that it was given");
      const words = attempt.subprotocol?.split(/,\s*/) ?? [];
      expect(words.includes(SUBPROTOCOL), `it offers the subprotocol ${attempt.subprotocol}`);
    },
  },
  {
    name: "unknown",
    section: 2,
    needs: "running",
    what: "ignores types and members of messages that it does not know",
    async run({ relay }) {
      const session = await relay.ready();
      relay.send({ type: "from-the-future", tickets: 7, nested: { list: [null] } });
      relay.send({ type: "tickets", tickets: [], reason: 1, more: [{}] });
      // More than many readers of JSON go down.
      const deep = "[".repeat(DEEP) + "]".repeat(DEEP);
      relay.send(`{"type":"from-the-future","deep":${deep}}`);
      using visit = await relay.visit({ by: { priority: "high", visitor: { address: 5 } } });
      await ask(visit.tls, "/");
      expect((await readAnswer(visit.tls)).status === 200, "the visitor got no page");
      expect(relay.session === session, "it began a new session");
    },
  },
  {
    name: "pings",
    section: 2,
    needs: "running",
    what: "answers pings",
    async run({ relay }) {
      const session = await relay.ready();
      await watch(1_500 * PING_S);
      expect(session.closed === undefined, "the session ended without an answer to a ping");
    },
  },
  {
    name: "visitors-stay",
    section: 3,
    needs: "running",
    what: "goes on serving who is there when the session ends",
    async run({ relay, app }) {
      await relay.ready();
      using visit = await relay.visit();
      // One answer, and not two: a client may close the connection after each.
      const late = app.late();
      await ask(visit.tls, "/late");
      await within(10_000, "the request at the app", late.came);
      await relay.close(1012);
      // By then it has done all that it does when a session ends.
      await relay.ready(0, BACK_MS);
      late.let();
      const { body } = await within(10_000, "the late answer", readAnswer(visit.tls));
      expect(body.length === LATE_BYTES, `of ${LATE_BYTES} bytes ${body.length} came`);
    },
  },
  {
    name: "reconnect",
    section: 2,
    needs: "running",
    what: "comes back when the relay restarts, is away or does not answer",
    async run({ relay }) {
      for (const code of [1012, 1001, 4408]) {
        await relay.ready(0);
        await relay.close(code);
        await relay.ready(1, BACK_MS);
      }
    },
  },
  {
    name: "back-off",
    section: 2,
    needs: "running",
    what: "waits between tries, longer each time",
    async run({ relay }) {
      await relay.ready(0);
      relay.refusesControl = 503;
      await relay.close(1012);
      const before = relay.attempts.length;
      const tries = () => relay.attempts.length - before;
      await watch(AWAY_MS);
      // Without a pause it comes as often as the machine allows.
      await stillness(tries, () => {
        const at = relay.attempts.slice(before).map((attempt) => attempt.at);
        const shortest = Math.min(...at.slice(1).map((ms, i) => ms - at[i]!));
        return Math.max(PAUSE_MS, Number.isFinite(shortest) ? LONGER * shortest : 0);
      }, MAX_TRIES);
      relay.refusesControl = undefined;
      expect(tries() <= MAX_TRIES, `it tried ${tries()} times without a longer pause`);
      await relay.ready(1, BACK_MS);
    },
  },
  {
    name: "draining",
    section: 2,
    needs: "running",
    what: "comes back after a goodbye, not before `retryAfterMs`",
    async run({ relay }) {
      await relay.ready(0);
      const before = relay.attempts.length;
      const began = Date.now();
      relay.send({ type: "goodbye", reason: "draining", retryAfterMs: RETRY_AFTER_MS });
      await relay.close(1012);
      await relay.changes.until(
        () => relay.attempts.length > before,
        BACK_MS,
        "a new session",
      );
      const ms = relay.attempts[before]!.at - began;
      expect(ms >= RETRY_AFTER_MS - 50, `it came back after ${ms} ms, not after ${RETRY_AFTER_MS}`);
      await relay.ready(1, BACK_MS);
    },
  },
];
