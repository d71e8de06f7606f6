import assert from "node:assert/strict";
import { DomainChecks } from "../../lib/account/domain_checks.ts";
import { type Look, OwnDomains } from "../../lib/account/own_domains.ts";
import { createLog } from "../../lib/log.ts";
import { Places } from "../../lib/net/places.ts";
import { ManualClock } from "../manual_clock.ts";
import { grantToken } from "../store/grant_token.ts";
import { settle } from "../store/held.ts";
import { memoryStore } from "../store/helpers.ts";

const HOUR_MS = 3_600_000;
const DOMAIN = "blog.example.org";

/** Domains over a store in memory, and DNS servers that say what a test has them say. */
class Fixture {
  readonly clock = new ManualClock();
  /** Its clock is read later than that of whoever asks it. */
  readonly store = memoryStore({ now: () => this.clock.now() + 1 }).store;
  readonly lines: string[] = [];
  /** What each server says; none is asked where there is none. */
  servers: string[][] = [];
  perUser = 10;
  /** What a look waits for. */
  hold: Promise<void> | undefined;
  readonly look = async (): Promise<Look> => {
    const { servers: answers } = this;
    await this.hold;
    return { answers, silent: answers.length > 0 ? [] : ["192.0.2.53:53: timed out"] };
  };
  readonly domains = new OwnDomains({
    domains: this.store.domains,
    look: this.look,
    hostnameOf: (username) => `${username}.glosson.test`,
    isOurs: (domain) => domain.endsWith("glosson.test"),
    perUser: () => this.perUser,
    places: new Places({ total: 4, perKey: 1 }),
    now: this.clock.now,
  });

  /** What a put comes to: the domain, or the problem and its detail. */
  async put(token: string, username: string, domain = DOMAIN): Promise<string> {
    const put = await this.domains.put(username, domain, token);
    return put.ok ? put.domain : `${put.problem}: ${put.detail}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
  }
}

Deno.test("a domain is theirs whom every server that answers names", async () => {
  await using f = new Fixture();
  const token = await grantToken(f.store, "kaylee");
  const cases: [servers: string[][], result: RegExp][] = [
    [
      [],
      /^domain-not-pointed: Set CNAME blog\.example\.org to kaylee\.glosson\.test, or TXT _glosson\.blog\.example\.org to "kaylee\.glosson\.test"; none .* could be asked \(192\.0\.2\.53:53: timed out\)\.$/,
    ],
    [[[], []], /^domain-not-pointed: .* have neither\.$/],
    [[["zoe.glosson.test", "secret=1"]], /have zoe\.glosson\.test\.$/],
    [[["kaylee.glosson.test"], []], /1 of its 2 name servers have it so far\.$/],
    [[["kaylee.glosson.test"], ["x", "kaylee.glosson.test"]], /^blog\.example\.org$/],
  ];
  for (const [servers, result] of cases) {
    f.servers = servers;
    assert.match(await f.put(token, "kaylee"), result);
  }
  assert.match(await f.put(token, "kaylee", "BLOG.example.org."), /^blog\.example\.org$/);
  assert.deepEqual(await f.domains.of("kaylee"), [DOMAIN]);
  assert.match(await f.put(token, "kaylee", "*.example.org"), /^bad-request: A wildcard/);
  for (const ours of ["glosson.test", "zoe.glosson.test", "a.b.glosson.test"]) {
    assert.match(await f.put(token, "kaylee", ours), /^bad-request: .*the relay's own/);
  }
  f.perUser = 1;
  assert.match(await f.put(token, "kaylee", "other.example.org"), /^rate-limited: You have 1 /);
  const full = await f.domains.put("kaylee", "other.example.org", token);
  assert.ok(!full.ok && full.retryAfterS === 86_400);
  assert.match(await f.put("old", "kaylee"), /^unauthorized/);
});

Deno.test("a domain goes to another user once its DNS says so, and not before", async () => {
  await using f = new Fixture();
  const [kaylee, zoe] = [await grantToken(f.store, "kaylee"), await grantToken(f.store, "zoe")];
  f.servers = [["kaylee.glosson.test"]];
  assert.equal(await f.put(kaylee, "kaylee"), DOMAIN);
  const owners = await f.store.domains.owners();
  const both = ["kaylee.glosson.test", "zoe.glosson.test"];
  for (
    const servers of [[["kaylee.glosson.test"]], [both], [["zoe.glosson.test"], both], [[]], []]
  ) {
    f.servers = servers;
    assert.match(await f.put(zoe, "zoe"), /^domain-taken/);
    assert.equal(owners.of(DOMAIN), "kaylee");
  }
  f.servers = [["zoe.glosson.test"]];
  assert.equal(await f.put(zoe, "zoe"), DOMAIN);
  assert.equal(owners.of(DOMAIN), "zoe");
  await f.domains.remove(DOMAIN, kaylee);
  assert.equal(owners.of(DOMAIN), "zoe");
  await f.domains.remove("Blog.example.org.", zoe);
  assert.equal(owners.of(DOMAIN), undefined);
});

Deno.test("looks at domains are bounded, at once and an hour", async () => {
  await using f = new Fixture();
  const token = await grantToken(f.store, "kaylee");
  f.servers = [[]];
  const { promise, resolve } = Promise.withResolvers<void>();
  f.hold = promise;
  const first = f.put(token, "kaylee");
  assert.match(await f.put(token, "kaylee"), /^rate-limited: Domains are being looked at/);
  resolve();
  assert.match(await first, /^domain-not-pointed/);
  for (let n = 1; n < 60; n++) assert.match(await f.put(token, "kaylee"), /^domain-not-pointed/);
  const refused = await f.domains.put("kaylee", DOMAIN, token);
  assert.ok(!refused.ok);
  assert.deepEqual([refused.problem, refused.retryAfterS], ["rate-limited", 3_600]);
});

Deno.test("a domain that moved away is routed for a day more; silence changes nothing", async () => {
  await using f = new Fixture();
  const token = await grantToken(f.store, "kaylee");
  f.servers = [["kaylee.glosson.test"]];
  await f.put(token, "kaylee");
  const owners = await f.store.domains.owners();
  const checks = new DomainChecks({
    domains: f.store.domains,
    look: f.look,
    hostnameOf: (username) => `${username}.glosson.test`,
    log: createLog({ write: (line) => f.lines.push(line.replace(/^\S+ /, "")) }),
    schedule: f.clock.schedule,
  });
  async function pass(hours: number): Promise<void> {
    const end = f.clock.now() + hours * HOUR_MS;
    while (f.clock.now() < end) {
      f.clock.advance(Math.min(f.clock.remaining[0]!, end - f.clock.now()));
      await settle();
    }
  }
  await pass(23);
  // One that lags, or is ahead, does not take it away.
  f.servers = [[], ["kaylee.glosson.test"]];
  await pass(2);
  f.servers = [];
  await pass(100);
  assert.deepEqual(f.lines, []);
  f.servers = [["elsewhere.example"]];
  await pass(2);
  assert.deepEqual(f.lines, [
    `warn  a user's domain leads elsewhere; it is routed for a day more domain=${DOMAIN} username=kaylee`,
  ]);
  // Back within the day, and away again: another day.
  f.servers = [["kaylee.glosson.test"]];
  await pass(2);
  f.servers = [[]];
  await pass(25);
  assert.equal(f.lines.length, 2);
  await pass(20);
  assert.equal(owners.of(DOMAIN), "kaylee");
  await pass(6);
  assert.equal(owners.of(DOMAIN), undefined);
  assert.match(f.lines.at(-1)!, /is routed no more/);
  assert.equal(f.lines.length, 3);
  checks.stop();
  assert.equal(f.clock.waiting, 0);
});
