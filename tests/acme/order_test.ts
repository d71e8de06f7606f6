import assert from "node:assert/strict";
import { type OrderParts, runOrder } from "../../lib/acme/order.ts";
import type { AcmeDirectory } from "../../lib/acme/objects.ts";
import type { AcmeSession } from "../../lib/acme/session.ts";
import { AcmeProblem } from "../../lib/acme/problem.ts";
import { renewalId } from "../../lib/acme/renewal_info.ts";
import type { CertificateOrder } from "../../lib/certificate/authority.ts";
import { makeKeyAndRequest } from "../../lib/pki/keys.ts";
import { openLocalAuthority } from "../../lib/certificate/local_authority.ts";
import { openOrderJournal } from "../../lib/acme/order_journal.ts";
import { temporaryFolder } from "../certificate/helpers.ts";

const NAMES = ["glosson.test", "*.glosson.test"];
const RECORD = "_acme-challenge.glosson.test";
const SERVER = "https://ca.test";

/** An ACME server in memory that says yes to everything, unless told otherwise. */
function fakeSession(
  overrides: Partial<AcmeSession> & { directoryParts?: Partial<AcmeDirectory> } = {},
) {
  const posts: [url: string, payload: unknown][] = [];
  const resources: Record<string, unknown> = {
    [`${SERVER}/order/1`]: orderIn("pending"),
    [`${SERVER}/authz/1`]: authorization("glosson.test", false),
    [`${SERVER}/authz/2`]: authorization("glosson.test", true),
    [`${SERVER}/cert/1`]: "the chain",
  };
  const { directoryParts, ...methods } = overrides;
  const session: AcmeSession = {
    directory: () =>
      Promise.resolve({
        newNonce: `${SERVER}/new-nonce`,
        newAccount: `${SERVER}/new-account`,
        newOrder: `${SERVER}/new-order`,
        ...directoryParts,
      }),
    register: () => Promise.reject(new Error("not asked for")),
    post(url, payload) {
      posts.push([url, payload]);
      if (url.includes("/challenge/")) {
        Object.assign(resources[url.replace("challenge", "authz")] as object, { status: "valid" });
        resources[`${SERVER}/order/1`] = orderIn("ready");
      }
      if (url.includes("/finalize/")) resources[`${SERVER}/order/1`] = orderIn("valid");
      return Promise.resolve({
        status: 201,
        headers: { location: `${SERVER}/order/1` },
        data: resources[`${SERVER}/order/1`],
      });
    },
    read: (url) => Promise.resolve({ status: 200, headers: {}, data: resources[url] }),
    challengeValue: ({ token }) => Promise.resolve(`value-of-${token}`),
    ...methods,
  };
  return { session, posts, resources };
}

function orderIn(status: string) {
  return {
    status,
    authorizations: [`${SERVER}/authz/1`, `${SERVER}/authz/2`],
    finalize: `${SERVER}/finalize/1`,
    certificate: `${SERVER}/cert/1`,
  };
}

function authorization(value: string, wildcard: boolean) {
  const url = `${SERVER}/challenge/${wildcard ? 2 : 1}`;
  return {
    status: "pending",
    identifier: { type: "dns", value },
    wildcard,
    challenges: [
      { type: "http-01", url: "", token: "h", status: "pending" },
      { type: "dns-01", url, token: wildcard ? "w" : "a", status: "pending" },
    ],
  };
}

async function bench(folder: string, session: AcmeSession) {
  const values = new Map<string, string[]>();
  const journal = await openOrderJournal(`${folder}/orders`, Date.now());
  const parts: OrderParts = {
    session,
    directoryUrl: `${SERVER}/directory`,
    journal,
    dnsServers: [{ host: "192.0.2.1", port: 53 }],
    provider: {
      label: "PowerDNS",
      serialFix: () => "",
      read: (_, name, type) => Promise.resolve({ name, type, ttl: 0, values: [] }),
    },
    now: Date.now,
    writer: {
      add(name, wanted) {
        values.set(name, [...values.get(name) ?? [], ...wanted]);
        return Promise.resolve({ name, aliases: [], zone: { name: "glosson.test", serial: 1 } });
      },
      remove(name, unwanted) {
        values.set(name, (values.get(name) ?? []).filter((value) => !unwanted.includes(value)));
        return Promise.resolve();
      },
      recover: () => Promise.resolve(0),
    },
    queries: {
      txt: (name) => Promise.resolve(values.get(name) ?? []),
      serial: () => Promise.resolve(1),
      addresses: () => Promise.resolve([]),
    },
  };
  const { csr } = await makeKeyAndRequest(NAMES);
  const steps: string[] = [];
  const order: CertificateOrder = { csr, names: NAMES, onStep: (step) => void steps.push(step) };
  return { parts, order, steps, values, journal };
}

Deno.test("runOrder() takes each step once and cleans up", async () => {
  await using folder = temporaryFolder();
  const { session, posts } = fakeSession();
  const it = await bench(folder.path, session);
  assert.equal(await runOrder(it.order, it.parts), "the chain");
  assert.deepEqual(it.steps, [
    "order placed",
    "challenge written",
    "waiting for the name servers",
    "challenge visible",
    "names proven",
    "challenge removed",
    "certificate requested",
    "certificate signed",
  ]);
  assert.deepEqual(posts.map(([url]) => url.slice(SERVER.length)), [
    "/new-order",
    "/challenge/1",
    "/challenge/2",
    "/finalize/1",
  ]);
  assert.deepEqual(posts[0]![1], {
    identifiers: NAMES.map((value) => ({ type: "dns", value })),
  });
  assert.deepEqual(it.values.get(RECORD), []);
  // Until it is stored: asked for again, it is not signed again.
  assert.equal(await runOrder(it.order, it.parts), "the chain");
  assert.equal(posts.length, 4);
});

Deno.test("runOrder() goes on where the answer to its request got lost", async () => {
  await using folder = temporaryFolder();
  const { session, posts } = fakeSession();
  const { post } = session;
  session.post = async (url, payload) => {
    const answer = await post(url, payload);
    if (!url.includes("/finalize/")) return answer;
    // Of the same request, sent again.
    throw new AcmeProblem("orderNotReady", 403, 'Order\'s status ("valid") was not ready');
  };
  const it = await bench(folder.path, session);
  assert.equal(await runOrder(it.order, it.parts), "the chain");
  assert.equal(posts.filter(([url]) => url.includes("/finalize/")).length, 1);
});

Deno.test("runOrder() has its names kept at once before it asks for anything, and hands a chain over without a wait", async () => {
  await using folder = temporaryFolder();
  const { session, posts } = fakeSession();
  const it = await bench(folder.path, session);
  const kept: unknown[] = [];
  const names = {
    keep(hosts: readonly string[]) {
      kept.push(hosts, posts.length);
      return Promise.resolve();
    },
    // As where another process holds the zone.
    settle: () => new Promise<void>(() => {}),
  };
  assert.equal(await runOrder(it.order, { ...it.parts, names }), "the chain");
  assert.deepEqual(kept, [["glosson.test"], 0]);
});

Deno.test("runOrder() names the certificate that it replaces, and does without where refused", async () => {
  await using folder = temporaryFolder();
  const authority = await openLocalAuthority({ stateDir: folder.path, baseDomain: "glosson.test" });
  const old = await authority.issue({ csr: (await makeKeyAndRequest(NAMES)).csr, names: NAMES });
  for (const refusal of [undefined, "alreadyReplaced", "malformed"]) {
    const fake = fakeSession({ directoryParts: { renewalInfo: `${SERVER}/ari` } });
    const { post } = fake.session;
    const replaced: unknown[] = [];
    fake.session.post = (url, payload) => {
      if (url.endsWith("/new-order")) {
        const { replaces } = payload as { replaces?: string };
        replaced.push(replaces);
        if (replaces !== undefined && refusal !== undefined) {
          return Promise.reject(new AcmeProblem(refusal, 409, "no"));
        }
      }
      return post(url, payload);
    };
    const it = await bench(folder.path, fake.session);
    await runOrder({ ...it.order, replaces: old }, it.parts);
    const id = await renewalId(old);
    assert.deepEqual(replaced, refusal === undefined ? [id] : [id, undefined]);
  }
  // A server that does not offer renewal information is not told.
  const plain = fakeSession();
  const it = await bench(folder.path, plain.session);
  await runOrder({ ...it.order, replaces: old }, it.parts);
  assert.ok(!("replaces" in (plain.posts[0]![1] as object)));
});

Deno.test("runOrder() orders the profile, if the server has it", async () => {
  await using folder = temporaryFolder();
  const meta = { profiles: { classic: "", shortlived: "" } };
  const { session, posts } = fakeSession({ directoryParts: { meta } });
  const it = await bench(folder.path, session);
  await runOrder(it.order, { ...it.parts, profile: "shortlived" });
  assert.equal((posts[0]![1] as { profile?: string }).profile, "shortlived");
  await it.journal.remove(it.order.csr);
  await assert.rejects(
    runOrder(it.order, { ...it.parts, profile: "forever" }),
    /no profile forever: set GLOSSOND_ACME_PROFILE to classic or shortlived/,
  );
});

Deno.test("runOrder() goes on where an earlier run was stopped", async () => {
  for (const status of ["pending", "ready", "processing", "valid"]) {
    await using folder = temporaryFolder();
    const fake = fakeSession();
    const it = await bench(folder.path, fake.session);
    const orderUrl = `${SERVER}/order/1`;
    await it.journal.put(it.order.csr, {
      directoryUrl: it.parts.directoryUrl,
      orderUrl,
      placedAt: 0,
    });
    fake.resources[orderUrl] = orderIn(status);
    if (status === "processing") {
      setTimeout(() => fake.resources[orderUrl] = orderIn("valid"), 50);
    }
    assert.equal(await runOrder(it.order, it.parts), "the chain");
    assert.equal(it.steps[0], "order found again");
    assert.ok(!fake.posts.some(([url]) => url.endsWith("/new-order")), status);
  }
});

Deno.test("runOrder() begins anew when the earlier order came to nothing", async () => {
  await using folder = temporaryFolder();
  const fake = fakeSession();
  const it = await bench(folder.path, fake.session);
  const orderUrl = `${SERVER}/order/0`;
  const directoryUrl = it.parts.directoryUrl;
  await it.journal.put(it.order.csr, { directoryUrl, orderUrl, placedAt: 0 });
  fake.resources[orderUrl] = orderIn("invalid");
  await runOrder(it.order, it.parts);
  assert.equal(it.steps[0], "order placed");
});

Deno.test("runOrder() begins anew where the server has something else at the earlier order", async () => {
  await using folder = temporaryFolder();
  const fake = fakeSession();
  const it = await bench(folder.path, fake.session);
  const orderUrl = `${SERVER}/moved`;
  const directoryUrl = it.parts.directoryUrl;
  await it.journal.put(it.order.csr, { directoryUrl, orderUrl, placedAt: 0 });
  fake.resources[orderUrl] = "<h1>Welcome</h1>";
  assert.equal(await runOrder(it.order, it.parts), "the chain");
  assert.equal(it.steps[0], "order placed");
});

Deno.test("runOrder() has nothing signed twice where the chain is too long to be taken", async () => {
  await using folder = temporaryFolder();
  const fake = fakeSession();
  const it = await bench(folder.path, fake.session);
  fake.resources[`${SERVER}/cert/1`] = "x".repeat(65 * 1024);
  for (let i = 0; i < 2; i++) {
    await assert.rejects(runOrder(it.order, it.parts), /chain is longer than 64 KiB/);
  }
  assert.equal(fake.posts.filter(([url]) => url.endsWith("/new-order")).length, 1);
});

Deno.test("runOrder() proves no name that was not ordered, and minds none that is proven", async () => {
  for (const status of ["pending", "valid"]) {
    await using folder = temporaryFolder();
    const fake = fakeSession();
    const it = await bench(folder.path, fake.session);
    fake.resources[`${SERVER}/authz/2`] = { ...authorization("ca.example", false), status };
    const end = runOrder(it.order, it.parts);
    if (status === "valid") assert.equal(await end, "the chain");
    else await assert.rejects(end, /wants a name proven that was not ordered/);
  }
});

const PROOFS: [what: string, change: object, message: RegExp][] = [
  [
    "a wrong value",
    { status: "invalid", challenges: [problem("unauthorized", "Incorrect TXT record found")] },
    /could not prove glosson\.test: Incorrect TXT record found; check that the zone's delegation/,
  ],
  [
    "servers out of reach",
    { status: "invalid", challenges: [problem("dns", "query timed out")] },
    /query timed out; check that the zone's name servers can be reached from the Internet/,
  ],
  [
    "an authorization that has expired",
    { status: "expired" },
    /is expired; the next try orders anew/,
  ],
  [
    "a CAA record",
    { status: "invalid", challenges: [problem("caa", "CAA record prevents issuance")] },
    /prevents issuance; allow this authority with a CAA record/,
  ],
];

function problem(type: string, detail: string): object {
  return {
    type: "dns-01",
    token: "a",
    url: `${SERVER}/challenge/1`,
    status: "invalid",
    error: { type: `urn:ietf:params:acme:error:${type}`, detail },
  };
}

for (const [what, change, message] of PROOFS) {
  Deno.test(`runOrder() explains ${what}, and cleans up`, async () => {
    await using folder = temporaryFolder();
    const fake = fakeSession();
    const { post } = fake.session;
    fake.session.post = async (url, payload) => {
      const answer = await post(url, payload);
      if (url.endsWith("/challenge/1")) {
        Object.assign(fake.resources[`${SERVER}/authz/1`] as object, change);
      }
      return answer;
    };
    const it = await bench(folder.path, fake.session);
    await assert.rejects(runOrder(it.order, it.parts), message);
    assert.deepEqual(it.values.get(RECORD), []);
    assert.equal(it.steps.at(-1), "challenge removed");
    assert.equal(await it.journal.get(it.order.csr), undefined, "the next try orders anew");
  });
}

Deno.test("openOrderJournal() forgets orders that are over at every server", async () => {
  await using folder = temporaryFolder();
  const order = { directoryUrl: SERVER, orderUrl: `${SERVER}/order/1`, placedAt: 0 };
  const journal = await openOrderJournal(folder.path, Date.now());
  await journal.put("csr", order);
  assert.deepEqual(await journal.get(" c s r\n"), order);
  const later = await openOrderJournal(folder.path, Date.now() + 8 * 86_400_000);
  assert.equal(await later.get("csr"), undefined);
});

Deno.test("runOrder() begins anew where the certificate of an order stays away", async () => {
  await using folder = temporaryFolder();
  const fake = fakeSession();
  const { read } = fake.session;
  let isGone = true;
  fake.session.read = (url) =>
    isGone && url.includes("/cert/")
      ? Promise.reject(new AcmeProblem("malformed", 404, "Certificate not found"))
      : read(url);
  const it = await bench(folder.path, fake.session);
  const placed = () => fake.posts.filter(([url]) => url.endsWith("/new-order")).length;
  for (const orders of [1, 1]) {
    await assert.rejects(runOrder(it.order, it.parts), /Certificate not found/);
    assert.equal(placed(), orders);
  }
  isGone = false;
  assert.equal(await runOrder(it.order, it.parts), "the chain");
  assert.equal(placed(), 2);
});
