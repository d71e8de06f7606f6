import assert from "node:assert/strict";
import type { BioResult } from "../../lib/account/bio_command.ts";
import type { BioAnswer } from "../../lib/account/bio_queue.ts";
import type { ClaimMade } from "../../lib/account/claim_results.ts";
import { Claims, type ClaimsOptions } from "../../lib/account/claims.ts";
import type { ClaimStore } from "../../lib/store/claims.ts";
import { createLog } from "../../lib/log.ts";
import type { Store } from "../../lib/store/store.ts";
import { grantToken } from "../store/grant_token.ts";
import { type Holdable, holdable } from "../store/held.ts";
import { type MemoryStore, memoryStore, storeIn } from "../store/helpers.ts";
import { TRACE } from "../store/trace.ts";

const ADDRESS = "192.0.2.7";
const MINUTE_MS = 60_000;

/** A relay's claims over a database in memory, with profiles and a clock that a test sets. */
class Fixture {
  readonly rows: MemoryStore["rows"];
  readonly store: Store;
  /** Those of the store, as the claims under test have them. */
  readonly kept: Holdable<ClaimStore>;
  readonly claims: Claims;
  /** Bio by username. */
  readonly bios = new Map<string, string>();
  /** Overrides the profiles. */
  answer: ((username: string) => Promise<BioResult>) | undefined;
  time = 1_000_000;
  runs = 0;
  /** Whether no profile has a turn. */
  busy = false;

  constructor({ maxClaims, ...options }: Partial<ClaimsOptions> & { maxClaims?: number } = {}) {
    const { store, rows } = memoryStore({ now: () => this.time, maxClaims });
    this.rows = rows;
    this.store = store;
    this.kept = holdable(store.claims);
    this.claims = new Claims({
      store: { accounts: store.accounts, claims: this.kept.kind },
      key: crypto.getRandomValues(new Uint8Array(32)),
      hostnameOf: (username) => `${username}.glosson.test`,
      now: () => this.time,
      readBio: (username) => this.#readBio(username),
      ...options,
    });
  }

  async #readBio(username: string): Promise<BioAnswer> {
    if (this.busy) return { state: "busy", ran: false };
    this.runs++;
    if (this.answer) return { ...await this.answer(username), ran: true };
    const bio = this.bios.get(username);
    return bio === undefined
      ? { state: "not-found", ran: true }
      : { state: "found", bio, ran: true };
  }

  async make(username = "kaylee", address = ADDRESS): Promise<ClaimMade> {
    const made = await this.claims.create(username, address);
    assert.ok(made.ok, JSON.stringify(made));
    return made;
  }

  /** The problem that a verification meets. */
  async problem(claim: string): Promise<string | undefined> {
    const result = await this.claims.verify(claim, ADDRESS);
    return result.ok ? undefined : result.problem;
  }
}

function claimsTest(
  name: string,
  story: (fixture: Fixture) => Promise<void> | void,
  options?: ConstructorParameters<typeof Fixture>[0],
): void {
  Deno.test(name, async () => {
    const fixture = new Fixture(options);
    try {
      await story(fixture);
    } finally {
      await fixture.store.close();
    }
  });
}

claimsTest("create() makes a claim, verify() a token for it", async (f) => {
  const { claim, code, ...made } = await f.make();
  assert.deepEqual(made, {
    ok: true,
    username: "kaylee",
    hostname: "kaylee.glosson.test",
    expiresAt: 1_000_000 + 15 * MINUTE_MS,
  });
  assert.match(claim, /^[A-Za-z0-9_-]{80,160}$/);
  assert.match(code, /^glosson-\w{12}$/);
  f.bios.set("kaylee", `I fix engines.\n${code}`);
  const verified = await f.claims.verify(claim, ADDRESS);
  assert.ok(verified.ok);
  const { token, ...rest } = verified;
  assert.deepEqual(rest, {
    ok: true,
    username: "kaylee",
    hostname: "kaylee.glosson.test",
    replaced: false,
  });
  assert.equal((await f.store.accounts.byToken(token))?.username, "kaylee");
  assert.equal(await f.problem(claim), "claim-not-found", "a claim is single-use");
});

claimsTest("create() refuses what is no username, and says what would be one", async (f) => {
  for (const username of [undefined, null, 7, ["kaylee"], {}, "", "k", "a b", "xn--p1ai"]) {
    const result = await f.claims.create(username, ADDRESS);
    assert.ok(!result.ok);
    assert.equal(result.problem, "invalid-username");
  }
  const result = await f.claims.create(" Kaylee", ADDRESS);
  assert.ok(!result.ok);
  assert.match(result.detail, /try kaylee\./);
});

claimsTest("create() refuses reserved and blocked names", async (f) => {
  await f.store.accounts.setBlocked("badger", true, TRACE);
  const problemOf = async (name: string) => {
    const result = await f.claims.create(name, ADDRESS);
    return result.ok ? undefined : result.problem;
  };
  assert.equal(await problemOf("relay"), "reserved-username");
  assert.equal(await problemOf("postmaster"), "reserved-username");
  assert.equal(await problemOf("badger"), "suspended");
  await f.store.accounts.setBlocked("badger", false, TRACE);
  assert.equal(await problemOf("badger"), undefined);
});

claimsTest(
  "the reason of a block is told to who has proved the profile, and to nobody else",
  async (f) => {
    const block = () =>
      f.store.accounts.setBlocked("kaylee", true, { ...TRACE, reason: "Inara asked for it" });
    const { claim, code } = await f.make();
    f.answer = async () => {
      await block();
      return { state: "found", bio: code };
    };
    const proved = await f.claims.verify(claim, ADDRESS);
    assert.ok(!proved.ok && proved.detail.includes("Inara asked for it"));
    for (
      const refused of [
        await f.claims.create("kaylee", ADDRESS),
        await f.claims.verify(claim, ADDRESS),
      ]
    ) {
      assert.ok(!refused.ok);
      assert.equal(refused.problem, "suspended");
      assert.doesNotMatch(refused.detail, /Inara/);
    }
  },
);

claimsTest("a profile that is read for a name that rests counts as a check", async (f) => {
  const first = await f.make();
  f.answer = () => Promise.resolve({ state: "found", bio: first.code, profileId: "1" });
  assert.ok((await f.claims.verify(first.claim, ADDRESS)).ok);
  await f.store.accounts.release("kaylee", TRACE, { restMs: MINUTE_MS });
  const { claim, code } = await f.make();
  f.answer = () => Promise.resolve({ state: "found", bio: code, profileId: "2" });
  for (let i = 0; i < 20; i++) assert.equal(await f.problem(claim), "reserved-username");
  assert.equal(await f.problem(claim), "rate-limited");
});

claimsTest("create() refuses the 31st claim of an hour and address", async (f) => {
  for (let i = 0; i < 30; i++) {
    await f.make("kaylee", "2001:db8::1");
    f.time += MINUTE_MS;
  }
  const refused = await f.claims.create("kaylee", "2001:db8::2");
  assert.ok(!refused.ok);
  assert.equal(refused.problem, "rate-limited");
  assert.equal(refused.retryAfterS, 30 * 60);
  assert.match(refused.detail, /30 min/);
  await f.make("kaylee", "2001:db8:0:1::1");
  f.time += 30 * MINUTE_MS;
  await f.make("kaylee", "2001:db8::2");
  assert.equal((await f.claims.create("kaylee", "2001:db8::2")).ok, false);
});

claimsTest("create() takes no room, so that many networks keep nobody out", async (f) => {
  // 320 /64s of one /48, each with as many claims as an address may make.
  for (let i = 0; i < 320 * 30; i++) await f.make("kaylee", `2001:db8:1:${i % 320}::1`);
  assert.deepEqual(f.rows("SELECT * FROM claim_check"), []);
  const { claim, code } = await f.make("inara", "192.0.2.9");
  f.bios.set("inara", code);
  assert.equal(await f.problem(claim), undefined);
});

claimsTest("claims that were checked have a ceiling; a used one stays used", async (f) => {
  const used = await f.make("kaylee");
  f.bios.set("kaylee", used.code);
  assert.equal(await f.problem(used.claim), undefined);
  f.time += MINUTE_MS;
  const checked = [];
  for (let i = 0; i < 6; i++) {
    checked.push(await f.make("inara"));
    f.time += 1_000;
    assert.equal(await f.problem(checked.at(-1)!.claim), "profile-not-found");
  }
  const rows = (): number => f.rows("SELECT * FROM claim_check").length;
  assert.equal(rows(), 3);
  assert.equal(await f.problem(used.claim), "claim-not-found", "no second token");
  // The first of the others was forgotten, and can be checked anew.
  assert.equal(await f.problem(checked[0]!.claim), "profile-not-found");
  // Expired ones are kept no longer.
  f.time += 15 * MINUTE_MS;
  const last = await f.make("inara");
  assert.equal(await f.problem(last.claim), "profile-not-found");
  assert.equal(rows(), 1);
}, { maxClaims: 3 });

claimsTest("verify() knows no other claims", async (f) => {
  const { claim } = await f.make();
  for (const other of ["", "x", claim.slice(1), `${claim}x`, `${claim}=`, "' OR 1=1 --"]) {
    assert.equal(await f.problem(other), "claim-not-found");
  }
  // No byte of it can be another one.
  for (let i = 0; i < claim.length; i++) {
    const changed = claim.slice(0, i) + (claim[i] === "A" ? "B" : "A") + claim.slice(i + 1);
    assert.equal(await f.problem(changed), "claim-not-found");
  }
  const elsewhere = new Fixture();
  assert.equal(await elsewhere.problem(claim), "claim-not-found", "another relay's");
  await elsewhere.store.close();
  assert.equal(f.runs, 0);
});

claimsTest("verify() tells why the code does not count", async (f) => {
  const { claim, code } = await f.make();
  assert.equal(await f.problem(claim), "profile-not-found");
  f.answer = () => Promise.resolve({ state: "unavailable", why: "secret reason" });
  const unavailable = await f.claims.verify(claim, ADDRESS);
  assert.ok(!unavailable.ok);
  assert.equal(unavailable.problem, "profile-unavailable");
  assert.ok(unavailable.retryAfterS);
  assert.ok(!unavailable.detail.includes("secret reason"));
  f.answer = undefined;
  f.bios.set("kaylee", "no code here");
  const missing = await f.claims.verify(claim, ADDRESS);
  assert.ok(!missing.ok);
  assert.equal(missing.problem, "code-not-found");
  assert.ok(missing.detail.includes(code), "the detail repeats the code");
  f.bios.set("kaylee", `my code:x${code}`);
  assert.equal(await f.problem(claim), "code-not-found");
  f.bios.set("kaylee", `my code:${code}`);
  assert.equal(await f.problem(claim), undefined);
});

claimsTest("verify() takes no other claim's code for the same name", async (f) => {
  const mine = await f.make();
  const thief = await f.make();
  f.bios.set("kaylee", mine.code);
  assert.equal(await f.problem(thief.claim), "code-not-found");
  const other = await f.make("inara");
  f.bios.set("inara", mine.code);
  assert.equal(await f.problem(other.claim), "code-not-found");
  assert.equal(await f.problem(mine.claim), undefined);
});

claimsTest("verify() refuses an expired claim, and forgets it after a day", async (f) => {
  const { claim, code } = await f.make();
  f.bios.set("kaylee", code);
  f.time += 15 * MINUTE_MS;
  assert.equal(await f.problem(claim), "claim-expired");
  f.time += 24 * 60 * MINUTE_MS;
  await f.make();
  assert.equal(await f.problem(claim), "claim-not-found");
  assert.equal(f.runs, 0);
});

claimsTest("verify() refuses the 21st verification of a claim", async (f) => {
  const { claim, code } = await f.make();
  f.bios.set("kaylee", "");
  for (let i = 0; i < 20; i++) assert.equal(await f.problem(claim), "code-not-found");
  f.bios.set("kaylee", code);
  const refused = await f.claims.verify(claim, ADDRESS);
  assert.ok(!refused.ok);
  assert.equal(refused.problem, "rate-limited");
  assert.equal(refused.retryAfterS, 15 * 60);
  assert.equal(f.runs, 20);
});

claimsTest("verify() grants one token when it runs many times at once", async (f) => {
  const { claim, code } = await f.make();
  const gate = Promise.withResolvers<void>();
  f.answer = () => gate.promise.then(() => ({ state: "found", bio: code }));
  const runs = Array.from({ length: 8 }, () => f.claims.verify(claim, ADDRESS));
  gate.resolve();
  const results = await Promise.all(runs);
  const tokens = results.filter((r) => r.ok).map((r) => r.token);
  assert.equal(tokens.length, 1);
  assert.equal((await f.store.accounts.byToken(tokens[0] ?? ""))?.username, "kaylee");
  for (const result of results) assert.ok(result.ok || result.problem === "claim-not-found");
});

claimsTest("verify() replaces the token of a name that has an account", async (f) => {
  const lost = await grantToken(f.store, "kaylee");
  const { claim, code } = await f.make();
  f.bios.set("kaylee", code);
  const verified = await f.claims.verify(claim, ADDRESS);
  assert.ok(verified.ok);
  assert.equal(verified.replaced, true);
  assert.equal(await f.store.accounts.byToken(lost), undefined);
  assert.equal((await f.store.accounts.byToken(verified.token))?.username, "kaylee");
});

claimsTest("a released name can be claimed again", async (f) => {
  await grantToken(f.store, "kaylee");
  await f.store.accounts.release("kaylee", TRACE);
  const { claim, code } = await f.make();
  f.bios.set("kaylee", code);
  const verified = await f.claims.verify(claim, ADDRESS);
  assert.ok(verified.ok);
  assert.equal(verified.replaced, false);
});

claimsTest(
  "a name that rests is back for the profile that had it, and for nobody else",
  async (f) => {
    const verify = async (profileId?: string) => {
      const { claim, code } = await f.make();
      f.answer = () =>
        Promise.resolve({ state: "found", bio: code, ...(profileId && { profileId }) });
      return await f.claims.verify(claim, ADDRESS);
    };
    const release = () => f.store.accounts.release("kaylee", TRACE, { restMs: MINUTE_MS });
    for (let i = 0; i < 2; i++) {
      assert.ok((await verify("4711")).ok);
      await release();
    }
    for (const profileId of ["4712", undefined]) {
      const other = await verify(profileId);
      assert.ok(!other.ok);
      assert.equal(other.problem, "reserved-username");
      assert.match(other.detail, /1970-01-01 00:17 UTC/);
    }
    f.time += MINUTE_MS;
    assert.ok((await verify()).ok);
    // Nothing is known of it but the name.
    await release();
    assert.ok((await verify("4712")).ok);
  },
);

Deno.test("verify() has the operator told of an account that another profile takes over", async () => {
  const lines: string[] = [];
  const f = new Fixture({ log: createLog({ write: (line) => lines.push(line) }) });
  for (const profileId of ["4711", "4712"]) {
    const { claim, code } = await f.make();
    f.answer = () => Promise.resolve({ state: "found", bio: code, profileId });
    assert.equal(await f.problem(claim), undefined);
  }
  assert.equal(lines.length, 1);
  assert.match(
    lines[0]!,
    /warn +an account is another profile's now, of the same name username=kaylee$/,
  );
  await f.store.close();
});

claimsTest("verify() refuses a name blocked since, also while its profile is read", async (f) => {
  const { claim, code } = await f.make();
  f.answer = async () => {
    await f.store.accounts.setBlocked("kaylee", true, TRACE);
    return { state: "found", bio: code };
  };
  assert.equal(await f.problem(claim), "suspended");
  assert.equal(await f.problem(claim), "suspended");
  assert.equal(f.runs, 1);
  assert.equal(await f.store.accounts.byUsername("kaylee"), undefined);
});

claimsTest("a check that had no turn costs nothing, however often it is tried", async (f) => {
  const { claim, code } = await f.make();
  f.busy = true;
  for (let i = 0; i < 100; i++) assert.equal(await f.problem(claim), "profile-unavailable");
  f.busy = false;
  f.bios.set("kaylee", code);
  assert.equal(await f.problem(claim), undefined);
});

claimsTest("checks at the same time count before they are answered", async (f) => {
  const { claim } = await f.make();
  const gate = Promise.withResolvers<void>();
  f.answer = () => gate.promise.then(() => ({ state: "not-found" }));
  const checks = Array.from({ length: 30 }, () => f.problem(claim));
  gate.resolve();
  const problems = await Promise.all(checks);
  assert.equal(problems.filter((problem) => problem === "profile-not-found").length, 20);
  assert.equal(problems.filter((problem) => problem === "rate-limited").length, 10);
  assert.equal(f.runs, 20);
  assert.equal(await f.problem(claim), "rate-limited");
});

claimsTest("a check counts from before the store has told how many there were", async (f) => {
  const { claim } = await f.make();
  f.bios.set("kaylee", "");
  const read = f.kept.holdAnswer("get");
  const first = f.problem(claim);
  await read.reached;
  assert.equal(await f.problem(claim), "rate-limited");
  read.release();
  assert.equal(await first, "code-not-found");
  assert.equal(await f.problem(claim), "rate-limited");
  assert.equal(f.runs, 1);
}, { verificationsPerClaim: 1 });

claimsTest("a claim that was granted is used, though nobody knows the token yet", async (f) => {
  const { claim, code } = await f.make();
  f.bios.set("kaylee", code);
  const grant = f.kept.holdAnswer("grant");
  const first = f.claims.verify(claim, ADDRESS);
  await grant.reached;
  assert.equal(await f.problem(claim), "claim-not-found");
  grant.release();
  const verified = await first;
  assert.ok(verified.ok);
  assert.equal((await f.store.accounts.byToken(verified.token))?.username, "kaylee");
});

claimsTest("a name that is blocked between its profile and its grant is not granted", async (f) => {
  const { claim, code } = await f.make();
  f.bios.set("kaylee", code);
  const grant = f.kept.holdCall("grant");
  const verified = f.problem(claim);
  await grant.reached;
  await f.store.accounts.setBlocked("kaylee", true, TRACE);
  grant.release();
  assert.equal(await verified, "suspended");
  assert.equal(await f.store.accounts.byUsername("kaylee"), undefined);
});

claimsTest(
  "a token, once granted for a claim, is not granted again after the name's release",
  async (f) => {
    const { claim, code } = await f.make();
    f.bios.set("kaylee", code);
    assert.equal(await f.problem(claim), undefined);
    await f.store.accounts.release("kaylee", TRACE);
    assert.equal(await f.problem(claim), "claim-not-found");
  },
);

claimsTest("the database has no claim secret in it", async (f) => {
  const { claim } = await f.make();
  assert.equal(await f.problem(claim), "profile-not-found");
  const [row] = f.rows("SELECT * FROM claim_check");
  const hash = row!.claim_hash as Uint8Array;
  assert.equal(hash.length, 32);
  assert.ok(
    !Uint8Array.fromBase64(claim, { alphabet: "base64url" }).toHex().includes(hash.toHex()),
  );
});

Deno.test("claims survive the reopening of the database", async () => {
  const folder = await Deno.makeTempDir();
  async function open(bio: string): Promise<{ claims: Claims; close: () => Promise<void> }> {
    const store = storeIn(folder);
    const claims = new Claims({
      store,
      key: await store.claims.key(),
      hostnameOf: (username) => username,
      readBio: () => Promise.resolve({ state: "found", bio, ran: true }),
      verificationsPerClaim: 2,
    });
    return { claims, close: () => store.close() };
  }
  try {
    const first = await open("");
    const made = await first.claims.create("kaylee", ADDRESS);
    assert.ok(made.ok);
    assert.equal((await first.claims.verify(made.claim, ADDRESS)).ok, false);
    await first.close();
    const second = await open("");
    assert.equal((await second.claims.verify(made.claim, ADDRESS)).ok, false);
    await second.close();
    const third = await open(made.code);
    const counted = await third.claims.verify(made.claim, ADDRESS);
    assert.ok(!counted.ok && counted.problem === "rate-limited", "the count survives as well");
    await third.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a name that the operator keeps back is its account's still, and no new claim's", async () => {
  const kept = new Set<string>();
  const f = new Fixture({ isReserved: (username) => kept.has(username) });
  const old = await f.make("kaylee");
  f.bios.set("kaylee", old.code);
  assert.equal(await f.problem(old.claim), undefined);
  const early = await f.make("wash");
  f.bios.set("wash", early.code);

  kept.add("kaylee").add("wash");
  const refused = await f.claims.create("wash", ADDRESS);
  assert.equal(!refused.ok && refused.problem, "reserved-username");
  assert.equal(await f.problem(early.claim), "reserved-username");
  assert.equal(await f.store.accounts.byUsername("wash"), undefined);
  // Its owner has lost the token.
  const again = await f.make("kaylee");
  f.bios.set("kaylee", again.code);
  assert.equal(await f.problem(again.claim), undefined);
  // Once it is free nobody gets it.
  await f.store.accounts.release("kaylee", TRACE);
  const late = await f.claims.create("kaylee", ADDRESS);
  assert.equal(!late.ok && late.problem, "reserved-username");
  await f.store.close();
});
