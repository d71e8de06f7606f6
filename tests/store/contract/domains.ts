import assert from "node:assert/strict";
import { grantToken } from "../grant_token.ts";
import { TRACE } from "../trace.ts";
import type { Holds } from "./subject.ts";

const DAY_MS = 86_400_000;

export function domainContract(holds: Holds): void {
  holds("a domain is one user's, and so many are", async ({ store, clock, reopen }) => {
    const { domains } = store;
    const kaylee = await grantToken(store, "kaylee");
    const zoe = await grantToken(store, "zoe");
    const owners = await domains.owners();
    const options = { max: 2, dueMs: DAY_MS };
    const put = (domain: string, token: string, from?: string) =>
      domains.put(domain, token, { ...options, from });
    const done = { state: "put", verifiedAt: clock.now };
    assert.deepEqual(await put("b.example.org", kaylee), done);
    assert.deepEqual(await put("a.example.org", kaylee), done);
    assert.deepEqual(await put("c.example.org", kaylee), { state: "full" });
    clock.now += 1_000;
    assert.deepEqual(await put("b.example.org", kaylee), { ...done, verifiedAt: clock.now });
    const taken = { state: "taken", username: "kaylee" };
    assert.deepEqual(await put("b.example.org", zoe), taken);
    assert.deepEqual(await put("b.example.org", zoe, "inara"), taken);
    assert.deepEqual(await put("d.example.org", "nobody's"), { state: "unauthorized" });
    assert.deepEqual(await domains.of("kaylee"), ["a.example.org", "b.example.org"]);
    assert.equal((await put("b.example.org", zoe, "kaylee")).state, "put");
    assert.equal(await domains.holder("b.example.org"), "zoe");
    assert.equal(owners.of("b.example.org"), "zoe");
    assert.equal(owners.of("c.example.org"), undefined);
    assert.equal((await (await reopen()).domains.owners()).of("a.example.org"), "kaylee");

    assert.equal(await domains.remove("b.example.org", kaylee), true, "is not kaylee's any more");
    assert.equal(owners.of("b.example.org"), "zoe");
    assert.equal(await domains.remove("b.example.org", "nobody's"), false);
    assert.equal(await domains.remove("b.example.org", zoe), true);
    assert.equal(owners.of("b.example.org"), undefined);
    assert.equal(await domains.holder("b.example.org"), undefined);
  });

  holds("domains end with the account; a blocked one changes none", async ({ store }) => {
    const { domains, accounts } = store;
    const token = await grantToken(store, "kaylee");
    const owners = await domains.owners();
    const options = { max: 10, dueMs: 0 };
    await domains.put("a.example.org", token, options);
    await accounts.setBlocked("kaylee", true, TRACE);
    assert.deepEqual(await domains.put("b.example.org", token, options), { state: "unauthorized" });
    assert.equal(await domains.remove("a.example.org", token), false);
    assert.deepEqual(await domains.of("kaylee"), ["a.example.org"]);
    await accounts.release("kaylee", TRACE);
    assert.equal(owners.of("a.example.org"), undefined);
    assert.equal(await domains.due(2 * DAY_MS), undefined);
    assert.deepEqual(await domains.of("kaylee"), []);
  });

  holds("what is due the longest is next; astray is since the first look", async (subject) => {
    const { store: { domains }, store, clock } = subject;
    const token = await grantToken(store, "kaylee");
    const [a, b] = ["a", "b"].map((label) => ({
      domain: `${label}.example.org`,
      username: "kaylee",
    })) as [{ domain: string; username: string }, { domain: string; username: string }];
    const start = clock.now;
    await domains.put(b.domain, token, { max: 10, dueMs: DAY_MS });
    await domains.put(a.domain, token, { max: 10, dueMs: DAY_MS + 1 });
    assert.equal(await domains.due(2 * DAY_MS), undefined);
    clock.now = start + DAY_MS + 1;
    assert.deepEqual(await domains.due(2 * DAY_MS), b);
    assert.equal(await domains.note(b, true, DAY_MS), undefined);
    assert.deepEqual(await domains.due(2 * DAY_MS), a);
    assert.equal(await domains.note(a, false, 0), 0);
    clock.now += 1_000;
    assert.equal(await domains.note(a, false, 0), 1_000);
    assert.equal(await domains.note(a, true, 0), undefined);
    assert.equal(await domains.note(a, false, 0), 0, "anew");
    await domains.postpone(a, 1);
    assert.equal(await domains.due(2 * DAY_MS), undefined);
    clock.now += 1;
    assert.deepEqual(await domains.due(2 * DAY_MS), a);
    // Noted while the clock was years ahead.
    await domains.postpone(a, 2 * DAY_MS);
    assert.equal(await domains.due(2 * DAY_MS), undefined);
    await domains.postpone(a, 2 * DAY_MS + 1);
    assert.deepEqual(await domains.due(2 * DAY_MS), a);
    const others = { ...a, username: "zoe" };
    assert.equal(await domains.note(others, false, 0), undefined);
    await domains.drop(others);
    assert.equal(await domains.holder(a.domain), "kaylee");
    await domains.drop(a);
    assert.equal(await domains.holder(a.domain), undefined);
    assert.equal((await domains.owners()).of(a.domain), undefined);
  });
}
