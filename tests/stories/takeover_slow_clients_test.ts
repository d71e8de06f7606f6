import { startGlossond, usernameOf } from "../../scripts/bench/glossond.ts";
import { BASE, startRelay } from "./relay.ts";
import { Answers, SlowCrowd } from "./slow_crowd.ts";

/** Whether the relays of this system can share ports. */
const ignore = Deno.build.os !== "linux";

/** How many users are online: more than come back in the time that visitors wait for a client. */
const USERS = 40;

Deno.test({
  name: "no visitor depends on how fast clients come back when a relay takes another's place",
  ignore,
  fn: async () => {
    await using glossond = await startGlossond({ users: USERS });
    const { relay: old } = glossond;
    const members = Array.from({ length: USERS }, (_, i) => glossond.membership(i, 1));
    await using _crowd = await SlowCrowd.of(members);
    await using stack = new AsyncDisposableStack();
    const next = async () => stack.use(await startRelay({ dir: old.dir, takeover: true }));
    const relay = await next();
    // Before all have come to that one.
    const starting = next();
    // Each ends once all have come to the one after it.
    let over = false;
    const ended = Promise.all([starting, old.readerGone, relay.readerGone]).then(() => over = true);
    const answers = new Answers();
    while (!over) {
      await Promise.all(
        members.map((_, i) => answers.visit(relay.ports.hub!, `${usernameOf(i)}.${BASE}`)),
      );
    }
    answers.check();
    await ended;
  },
});
