import assert from "node:assert/strict";
import { createLog } from "../../../../lib/log.ts";
import { keepDomains } from "../../../../examples/client/domain/keep_domains.ts";
import { KeptDomains } from "../../../../examples/client/domain/kept.ts";
import { State } from "../../../../examples/client/state.ts";
import { Authority } from "../../../../examples/conformance/authority.ts";
import { Changes } from "../changes.ts";
import { HeldSleeps } from "../held_sleeps.ts";
import { withFolder } from "../story.ts";

const DOMAIN = "blog.example.org";
const OTHER = "example.org";

/** Between two looks at what is kept. */
const LOOK_MS = 3_000;

const NOW = Date.now();

/** Domains that are kept while a test says what goes wrong. */
interface Trouble {
  kept: KeptDomains;
  /** What was logged and done. */
  told: string[];
  look(): Promise<void>;
  /** Waits until that was told. */
  hear(text: RegExp): Promise<string>;
}

/** Answers of an ACME server, of the relay, and of where TLS ends. */
interface Answers {
  acme: () => Response | Promise<Response>;
  put?: (domain: string) => Promise<void>;
  useFor?: () => Promise<void>;
}

async function trouble(
  { acme, put = () => Promise.resolve(), useFor = () => Promise.resolve() }: Answers,
  meet: (trouble: Trouble) => Promise<void>,
  prepare: (kept: KeptDomains, folder: string) => Promise<void> = (kept) => kept.add(DOMAIN),
): Promise<void> {
  const changes = new Changes();
  const told: string[] = [];
  const tell = (text: string): void => {
    told.push(text);
    changes.tell();
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    tell("asked the authority");
    return acme();
  });
  await withFolder(async (folder) => {
    const kept = new KeptDomains(new State(folder));
    const directory = `http://127.0.0.1:${server.addr.port}/directory`;
    await kept.saveAccount({ directory, key: "PEM", url: `${directory}/1` });
    await prepare(kept, folder);
    const sleeps = new HeldSleeps();
    const leaving = new AbortController();
    const account = { username: "kaylee", hostname: "kaylee.test", online: true };
    const keeping = keepDomains({
      ...{ kept, keyType: "ecdsa", isOnline: () => true, now: () => NOW, random: () => 0 },
      api: {
        account: () => Promise.resolve({ ...account, certificate: null, lastOnlineAt: null }),
        putDomain(domain) {
          tell(`put ${domain}`);
          return put(domain).then(() => ({ domain, verifiedAt: "" }));
        },
      },
      ends: {
        useFor(domain, identity) {
          tell(`${identity === undefined ? "drop" : "serve"} ${domain}`);
          return useFor();
        },
        prove: () => assert.fail("nothing is proved"),
      },
      hosts: new Set(),
      sleep: sleeps.sleep,
      signal: leaving.signal,
      log: createLog({ write: tell }),
    });
    await meet({
      kept,
      told,
      async look() {
        await sleeps.end(LOOK_MS);
        await sleeps.begin(LOOK_MS);
      },
      hear: (text) => changes.until(() => told.find((each) => text.test(each))),
    });
    leaving.abort();
    await keeping;
  });
  await server.shutdown();
}

/** An authority that grants nothing for two hours. */
const later = (): Response =>
  Response.json({ type: "urn:ietf:params:acme:error:rateLimited", detail: "too many" }, {
    status: 429,
    headers: { "retry-after": "7200", "content-type": "application/problem+json" },
  });

Deno.test("keepDomains() asks an authority again when it says, not before", () =>
  trouble({ acme: later }, async ({ hear }) => {
    assert.match(await hear(/Something is wrong/), /too many.*inSeconds=7200/);
  }));

Deno.test("keepDomains() lets no domain wait for another", () => {
  const slow = Promise.withResolvers<void>();
  const put = (domain: string): Promise<void> =>
    domain === DOMAIN ? slow.promise : Promise.resolve();
  return trouble({ acme: later, put }, async ({ hear }) => {
    await hear(/put blog/);
    assert.match(await hear(/Something is wrong/), /domain=example\.org/);
    slow.resolve();
  }, async (kept) => {
    await kept.add(DOMAIN);
    await kept.add(OTHER);
  });
});

Deno.test("keepDomains() ends the order of a domain that is removed", async () => {
  const held = Promise.withResolvers<Response>();
  await trouble({ acme: () => held.promise }, async ({ kept, told, look, hear }) => {
    await hear(/asked the authority/);
    await kept.remove(DOMAIN);
    await look();
    assert.equal(told.at(-1), `drop ${DOMAIN}`);
    assert.doesNotMatch(told.join(), /wrong/);
    held.resolve(later());
  });
});

Deno.test("keepDomains() says once that its list is damaged, and again when it is anew", async () => {
  let path = "";
  await trouble({ acme: later }, async ({ told, look }) => {
    const said = (): number => told.filter((each) => /Cannot look after/.test(each)).length;
    await look();
    await look();
    assert.equal(said(), 1);
    await Deno.writeTextFile(path, "[]");
    await look();
    await Deno.writeTextFile(path, "{");
    await look();
    assert.equal(said(), 2);
  }, async (kept, folder) => {
    await kept.add(DOMAIN);
    path = `${folder}/domains/domains.json`;
    await Deno.writeTextFile(path, "{");
  });
});

Deno.test("keepDomains() orders anew where a saved certificate cannot be served", async () => {
  const { cert, key } = await (await Authority.create()).pair([DOMAIN]);
  const useFor = (): Promise<void> => Promise.reject(new Error("not a pair"));
  await trouble({ acme: later, useFor }, async ({ hear, kept }) => {
    await hear(/saved certificate cannot be used.*not a pair/);
    await hear(/Something is wrong.*too many/);
    // Nothing that was had is lost by it.
    assert.equal((await kept.identity(DOMAIN))?.chain, cert);
  }, async (kept) => {
    await kept.add(DOMAIN);
    await kept.saveIdentity(DOMAIN, { key, chain: cert, renewAfter: "2999-01-01T00:00:00Z" });
  });
});

Deno.test("KeptDomains keeps no key of a domain that has been removed", () =>
  withFolder(async (folder) => {
    const kept = new KeptDomains(new State(folder));
    await kept.add(DOMAIN);
    const identity = { key: "key\n", chain: "chain\n" };
    await kept.remove(DOMAIN);
    assert.equal(await kept.saveIdentity(DOMAIN, identity), false);
    assert.equal(await kept.identity(DOMAIN), undefined);
  }));
