import assert from "node:assert/strict";
import { Session } from "../../lib/session/session.ts";
import { GRACE_MS, RECENT_MS } from "../../lib/session/coming_back.ts";
import { Sessions } from "../../lib/session/sessions.ts";
import { type Redeem, Tickets } from "../../lib/session/tickets.ts";
import { ManualClock } from "../manual_clock.ts";

function setUp() {
  const clock = new ManualClock();
  const changes: [string, string][] = [];
  const sessions = new Sessions({
    now: clock.now,
    schedule: clock.schedule,
    onChange: (...change) => changes.push(change),
  });
  const session = () => new Session({ username: "kaylee", tickets: new Tickets(), send() {} });
  return { clock, changes, sessions, session };
}

Deno.test("Sessions.add() lets the newest win and returns the older one", () => {
  const { sessions, session, changes } = setUp();
  const [older, newer] = [session(), session()];
  assert.equal(sessions.add(older), undefined);
  assert.equal(sessions.add(newer), older);
  // The end of the older one must not take the newer one off.
  sessions.remove(older, true);
  assert.equal(sessions.get("kaylee"), newer);
  sessions.remove(newer, true);
  assert.equal(sessions.get("kaylee"), undefined);
  assert.deepEqual(changes, [["kaylee", "online"], ["kaylee", "online"], ["kaylee", "left"]]);
});

Deno.test("Sessions.find() does not wait for a user who was not here a moment ago", async () => {
  const { clock, sessions, session } = setUp();
  assert.equal(await sessions.find("kaylee"), undefined);
  const gone = session();
  sessions.add(gone);
  sessions.remove(gone, true);
  clock.advance(RECENT_MS);
  assert.equal(await sessions.find("kaylee"), undefined);
});

Deno.test("Sessions.find() waits for the next session of a user who just dropped off", async () => {
  const { clock, sessions, session } = setUp();
  const dropped = session();
  sessions.add(dropped);
  sessions.remove(dropped, true);
  clock.advance(RECENT_MS - 1);
  const found = sessions.find("kaylee");
  const back = session();
  sessions.add(back);
  assert.equal(await found, back);
  assert.equal(clock.waiting, 0);
});

Deno.test("Sessions.find() gives up after the grace, or when the visitor is gone", async () => {
  const { clock, sessions, session } = setUp();
  const dropped = session();
  sessions.add(dropped);
  sessions.remove(dropped, true);
  const patient = sessions.find("kaylee");
  const gone = new AbortController();
  const impatient = sessions.find("kaylee", gone.signal);
  gone.abort();
  assert.equal(await impatient, undefined);
  clock.advance(GRACE_MS);
  assert.equal(await patient, undefined);
});

Deno.test("Sessions.forget() ends the wait for a user who will not come back", async () => {
  const { sessions, session } = setUp();
  const dropped = session();
  sessions.add(dropped);
  sessions.remove(dropped, true);
  const found = sessions.find("kaylee");
  sessions.comingBack.forget("kaylee");
  assert.equal(await found, undefined);
  assert.equal(await sessions.find("kaylee"), undefined);
});

Deno.test("Sessions.await() has visitors wait for a user of before the start, for what is left of the time", async () => {
  const { clock, sessions, session, changes } = setUp();
  sessions.await("inara", RECENT_MS - 1);
  sessions.await("kaylee");
  assert.deepEqual(sessions.comingBack.usernames(), ["inara", "kaylee"]);
  const found = sessions.find("kaylee");
  clock.advance(1);
  assert.equal(await sessions.find("inara"), undefined);
  const back = session();
  sessions.add(back);
  assert.equal(await found, back);
  assert.deepEqual(sessions.comingBack.usernames(), []);
  assert.deepEqual(changes, [["kaylee", "online"], ["inara", "gone"]]);
});

Deno.test("Sessions.stop() ends every wait, and tells which was cut short", async () => {
  const { sessions, session } = setUp();
  sessions.await("kaylee");
  const found = sessions.find("kaylee");
  assert.equal(sessions.isCutShort("kaylee"), false);
  sessions.stop();
  assert.equal(await found, undefined);
  assert.equal(await sessions.find("kaylee"), undefined);
  assert.equal(sessions.isCutShort("kaylee"), true);
  assert.equal(sessions.isCutShort("simon"), false);
  // One whose session ends with the relay, too.
  const last = session();
  sessions.comingBack.forget("kaylee");
  assert.equal(sessions.isCutShort("kaylee"), false);
  sessions.add(last);
  sessions.remove(last, true);
  assert.equal(sessions.isCutShort("kaylee"), true);
});

Deno.test("Sessions.await() leaves alone who is online by then", () => {
  const { clock, changes, sessions, session } = setUp();
  const here = session();
  sessions.add(here);
  sessions.await("kaylee", 1_000);
  clock.advance(RECENT_MS);
  sessions.comingBack.forgetOld();
  assert.equal(sessions.get("kaylee"), here);
  assert.deepEqual(changes, [["kaylee", "online"]]);
});

Deno.test("Sessions.find() hears what other relays told last before a user counts as away", async () => {
  let known: Session | undefined;
  let asked = 0;
  const there = new Session({ username: "kaylee", tickets: new Tickets<Redeem>(), send() {} });
  const sessions = new Sessions({
    elsewhere: (username) => username === "kaylee" ? known : undefined,
    catchUp() {
      asked++;
      known = there;
      return Promise.resolve();
    },
  });
  assert.equal(await sessions.find("simon"), undefined);
  known = undefined;
  assert.equal(await sessions.find("kaylee"), there);
  assert.equal(await sessions.find("kaylee"), there);
  assert.equal(asked, 2, "only where nobody is known");
});
