import { LATE_BYTES } from "../app.ts";
import { type Check, expect, within } from "../check.ts";
import { ask, readAnswer } from "../http.ts";
import { VISITOR } from "../visit.ts";

/** How long a client may take to find out that TCP is of no use, milliseconds. */
const FIND_OUT_MS = 45_000;

/** How long an answer may take, milliseconds. */
const ANSWER_MS = 20_000;

/** Section 5: where a network lets nothing but the relay's own port out. */
export const ONLY_443: Check[] = [
  {
    name: "only-443",
    section: 5,
    optional: true,
    needs: "running",
    what: "carries visitors by WebSockets where it cannot connect to the data port",
    async run({ relay, app }) {
      await relay.ready(0);
      relay.data.tcpBlocked = true;
      await relay.close(1012);
      await relay.ready(1, FIND_OUT_MS);
      expect(relay.data.overWebSocket > 0, "a connection was parked, and not over a WebSocket");
      {
        using visit = await relay.visit();
        await ask(visit.tls, "/address");
        const answer = await within(ANSWER_MS, "an answer", readAnswer(visit.tls));
        const told = new TextDecoder().decode(answer.body);
        expect(told === VISITOR.address, `its app hears of ${told}, not ${VISITOR.address}`);
      }
      // A visitor who asked for much, and ended their side.
      using visit = await relay.visit({ by: {} });
      const late = app.late();
      await ask(visit.tls, "/late");
      await within(ANSWER_MS, "the request at the app", late.came);
      await visit.joined.endTowardsClient();
      late.let();
      const { body } = await within(ANSWER_MS, "the late answer", readAnswer(visit.tls));
      expect(body.length === LATE_BYTES, `of ${LATE_BYTES} bytes ${body.length} came`);
    },
  },
];
