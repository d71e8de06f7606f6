import assert from "node:assert/strict";
import { createLog } from "../../../../lib/log.ts";
import { keepDomains } from "../../../../examples/client/domain/keep_domains.ts";
import { KeptDomains } from "../../../../examples/client/domain/kept.ts";
import { RelayProblem } from "../../../../examples/client/problem.ts";
import { State } from "../../../../examples/client/state.ts";
import { Authority } from "../../../../examples/conformance/authority.ts";
import { Changes } from "../changes.ts";
import { HeldSleeps } from "../held_sleeps.ts";
import { withFolder } from "../story.ts";

const DOMAIN = "blog.example.org";
const HOUR_MS = 3_600_000;

/** Between two looks at what is kept. */
const LOOK_MS = 3_000;

const NOT_POINTED = new RelayProblem({
  code: "domain-not-pointed",
  status: 409,
  title: "That domain does not lead to you",
  detail: "its name servers have neither.",
});

Deno.test("keepDomains() serves what is kept, asks for a domain that was taken away, and notices changes", () =>
  withFolder(async (folder) => {
    const authority = await Authority.create();
    const { cert, key } = await authority.pair([DOMAIN]);
    const kept = new KeptDomains(new State(folder));
    await kept.add(DOMAIN);
    await kept.add(DOMAIN);
    assert.deepEqual(await kept.list(), [DOMAIN]);
    await kept.saveIdentity(DOMAIN, { key, chain: cert, renewAfter: "2999-01-01T00:00:00Z" });

    const told: string[] = [];
    const lines: string[] = [];
    const sleeps = new HeldSleeps();
    const changes = new Changes();
    const hosts = new Set<string>();
    const leaving = new AbortController();
    let routed = [DOMAIN];
    let isOnline = false;
    let now = Date.now();
    const keeping = keepDomains({
      kept,
      api: {
        account() {
          told.push("account");
          const account = { username: "kaylee", hostname: "kaylee.test", online: true };
          const none = { certificate: null, lastOnlineAt: null };
          return Promise.resolve({ ...account, ...none, domains: routed });
        },
        putDomain(domain) {
          told.push(`put ${domain}`);
          return Promise.reject(NOT_POINTED);
        },
      },
      ends: {
        useFor(domain, identity) {
          told.push(`${identity === undefined ? "drop" : "serve"} ${domain}`);
          return Promise.resolve();
        },
        prove: () => assert.fail("nothing is ordered"),
      },
      hosts,
      keyType: "ecdsa",
      isOnline: () => isOnline,
      now: () => now,
      sleep: sleeps.sleep,
      random: () => 0,
      signal: leaving.signal,
      log: createLog({
        write(line) {
          lines.push(line.replace(/^\S+ +/, ""));
          changes.tell();
        },
      }),
    });
    /** What is done at the next look. */
    async function look(): Promise<string[]> {
      await sleeps.end(LOOK_MS);
      await sleeps.begin(LOOK_MS);
      return told.splice(0);
    }

    await sleeps.begin(LOOK_MS);
    assert.deepEqual(told.splice(0), [`serve ${DOMAIN}`], "before the relay can be asked");
    assert.deepEqual([...hosts], [DOMAIN]);
    isOnline = true;
    assert.deepEqual(await look(), ["account"]);
    await changes.until(() => lines.length > 0);
    // The authority cannot be asked when to renew without an account: that alone ends nothing.
    assert.match(lines.splice(0).join(), /^warn +Cannot ask when to renew [^\n]*$/);
    assert.deepEqual(await look(), [], "not before an hour has passed");

    routed = [];
    now += HOUR_MS;
    assert.deepEqual(await look(), ["account", `put ${DOMAIN}`]);
    assert.match(lines.splice(0).join(), /^error Something is wrong .*neither.*inSeconds=120/);
    assert.deepEqual(await look(), [], "not again at once");
    now += 120_000;
    assert.deepEqual(await look(), ["account", `put ${DOMAIN}`]);

    await kept.remove(DOMAIN);
    assert.deepEqual(await look(), [`drop ${DOMAIN}`]);
    assert.deepEqual([...hosts], []);
    assert.equal(await kept.identity(DOMAIN), undefined);
    await kept.add("example.org");
    assert.deepEqual(await look(), ["account", "put example.org"]);
    leaving.abort();
    await keeping;
  }));

Deno.test("KeptDomains says which file is damaged, and the fix", () =>
  withFolder(async (folder) => {
    const kept = new KeptDomains(new State(folder));
    assert.deepEqual([await kept.list(), await kept.account()], [[], undefined]);
    await kept.saveAccount({
      directory: "https://ca.test/dir",
      key: "PEM",
      url: "https://ca.test/1",
    });
    assert.equal((await kept.account())?.url, "https://ca.test/1");
    for (const [file, ask] of [["domains.json", "list"], ["acme.json", "account"]] as const) {
      for (const text of ["{", "null", "7"]) {
        await Deno.writeTextFile(`${folder}/domains/${file}`, text);
        await assert.rejects(
          kept[ask](),
          new RegExp(`Cannot read .*/domains/${file}: it is damaged; remove it and add`),
        );
      }
    }
  }));
