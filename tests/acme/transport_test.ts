import assert from "node:assert/strict";
import { AcmeProblem, problemBody } from "../../lib/acme/problem.ts";
import { createAcmeTransport, parseRetryAfter } from "../../lib/acme/transport.ts";
import { fetchRenewalWindow, renewalId } from "../../lib/acme/renewal_info.ts";
import { makeKeyAndRequest } from "../../lib/pki/keys.ts";
import { openLocalAuthority } from "../../lib/certificate/local_authority.ts";
import { selfSignedIdentity } from "../../lib/pki/self_signed.ts";
import { freePort } from "../../scripts/ports.ts";
import { must } from "../../scripts/run.ts";
import { temporaryFolder } from "../certificate/helpers.ts";

const NOW = Date.UTC(2026, 5, 1);

function fakeServer(answer: (path: string, count: number) => Response | Promise<Response>) {
  let count = 0;
  const paths: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    paths.push(pathname);
    return answer(pathname, count++);
  });
  const origin = `http://127.0.0.1:${server.addr.port}`;
  const transport = createAcmeTransport({
    directoryUrl: `${origin}/directory`,
    userAgent: "test",
    now: () => NOW,
  });
  return {
    origin,
    transport,
    paths,
    async [Symbol.asyncDispose](): Promise<void> {
      transport.close();
      await server.shutdown();
    },
  };
}

function problem(type: string, status: number, headers: Record<string, string> = {}): Response {
  return Response.json(
    {
      type: `urn:ietf:params:acme:error:${type}`,
      detail: "because",
      subproblems: [{ detail: "of x" }],
    },
    { status, headers: { "content-type": "application/problem+json", ...headers } },
  );
}

Deno.test("createAcmeTransport() turns problem documents into errors", async () => {
  await using it = fakeServer(() => problem("rateLimited", 429, { "retry-after": "120" }));
  await assert.rejects(it.transport.request(`${it.origin}/x`, "get"), (error) => {
    assert.ok(error instanceof AcmeProblem);
    assert.equal(error.type, "rateLimited");
    assert.equal(error.retryAt, NOW + 120_000);
    assert.match(error.message, /^The ACME server 127\.0\.0\.1:\d+ says: because; of x$/);
    return true;
  });
  assert.equal(it.paths.length, 1);
});

Deno.test("createAcmeTransport() leaves a bad nonce to acme-client", async () => {
  await using it = fakeServer(() => problem("badNonce", 400));
  assert.equal((await it.transport.request(`${it.origin}/x`, "post", { data: {} })).status, 400);
});

Deno.test("createAcmeTransport() tries again what a server says in passing", async () => {
  await using it = fakeServer((_, count) =>
    count === 0 ? new Response("busy", { status: 503 }) : Response.json({ ok: true })
  );
  assert.deepEqual((await it.transport.request(`${it.origin}/x`, "get")).data, { ok: true });
  assert.equal(it.paths.length, 2);
});

Deno.test("createAcmeTransport() ends a request and a pause with its signal", async () => {
  for (const isBusy of [true, false]) {
    const asked = Promise.withResolvers<void>();
    const held = Promise.withResolvers<Response>();
    await using it = fakeServer(() => {
      asked.resolve();
      return isBusy ? new Response("busy", { status: 503 }) : held.promise;
    });
    const leaving = new AbortController();
    const transport = createAcmeTransport({
      ...{ directoryUrl: it.origin, userAgent: "test", now: () => NOW },
      signal: leaving.signal,
    });
    const request = transport.request(`${it.origin}/x`, "get");
    await asked.promise;
    leaving.abort(new Error("leaving"));
    await assert.rejects(request, /^Error: leaving$/);
    assert.equal(it.paths.length, 1);
    transport.close();
    held.resolve(new Response());
  }
});

Deno.test("createAcmeTransport() says what is wrong with the directory's address", async () => {
  await using it = fakeServer(() => new Response("nope", { status: 404 }));
  await assert.rejects(
    it.transport.request(`${it.origin}/directory`, "get"),
    /fails with status 404: check GLOSSOND_ACME_DIRECTORY_URL/,
  );
});

Deno.test("createAcmeTransport() names the cause when nothing answers", async () => {
  const directoryUrl = `https://127.0.0.1:${freePort()}/dir`;
  const transport = createAcmeTransport({
    directoryUrl,
    userAgent: "test",
    now: () => NOW,
  });
  const started = performance.now();
  await assert.rejects(
    transport.request(directoryUrl, "get"),
    /Cannot reach the ACME server 127\.0\.0\.1:\d+: connection refused; check that it runs \(GLOSSOND_ACME_DIRECTORY_URL\)/,
  );
  assert.ok(performance.now() - started < 1000);
  transport.close();
});

Deno.test("createAcmeTransport() names the host that does not answer, where the directory is another's", async () => {
  await using it = fakeServer(() => Response.json({}));
  const other = `127.0.0.1:${freePort()}`;
  await assert.rejects(
    it.transport.request(`http://${other}/nonce`, "head"),
    new RegExp(`^Error: Cannot reach the ACME server ${other}: `),
  );
});

Deno.test("createAcmeTransport() names the setting for a private authority", async () => {
  const identity = await selfSignedIdentity(["localhost"], Date.now());
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert: identity.cert, key: identity.key, onListen() {} },
    () => Response.json({}),
  );
  const directoryUrl = `https://localhost:${server.addr.port}/dir`;
  const stranger = createAcmeTransport({ directoryUrl, userAgent: "test", now: () => NOW });
  await assert.rejects(
    stranger.request(directoryUrl, "get"),
    /unknown authority; name its root in GLOSSOND_ACME_CA_FILE/,
  );
  stranger.close();
  await server.shutdown();
});

Deno.test("createAcmeTransport() follows no redirect away from HTTPS", async () => {
  await using plain = fakeServer(() => Response.json({}));
  const { cert, key } = await selfSignedIdentity(["localhost"], Date.now());
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert, key, onListen() {} },
    () => Response.redirect(`${plain.origin}/dir`),
  );
  const directoryUrl = `https://localhost:${server.addr.port}/dir`;
  const transport = createAcmeTransport({
    ...{ directoryUrl, caPem: cert, userAgent: "test", now: () => NOW },
  });
  await assert.rejects(
    transport.request(directoryUrl, "get"),
    /The answer of the ACME server localhost:\d+ is of a redirect away from HTTPS/,
  );
  transport.close();
  await server.shutdown();
});

Deno.test("problemBody() takes details that are text", () => {
  const odd = { detail: { toString: 1 } };
  const body = { type: "x", ...odd, subproblems: [odd, null, 7, { detail: "because" }] };
  assert.deepEqual(problemBody(body), { type: "x", detail: "x", subproblems: ["because"] });
});

Deno.test("createAcmeTransport() says where a person has to go for what only they can do", async () => {
  const answer = {
    type: "urn:ietf:params:acme:error:userActionRequired",
    detail: "Terms of service have changed. ".repeat(20),
    instance: "https://ca.test/acme/agreement/?token=W8Ih3PswD-8",
  };
  await using it = fakeServer(() =>
    Response.json(answer, { status: 403, headers: { "content-type": "application/problem+json" } })
  );
  await assert.rejects(
    it.transport.request(`${it.origin}/x`, "get"),
    /says: open https:\/\/ca\.test\/acme\/agreement\/\?token=W8Ih3PswD-8 and do what it asks for: Terms of/,
  );
});

Deno.test("createAcmeTransport() knows how far the server's clock is ahead", async () => {
  await using it = fakeServer(() =>
    new Response("{}", { headers: { date: new Date(NOW + 3_600_000).toUTCString() } })
  );
  assert.equal(it.transport.clockAheadMs(), undefined);
  await it.transport.request(`${it.origin}/x`, "get");
  assert.equal(it.transport.clockAheadMs(), 3_600_000);
});

Deno.test("parseRetryAfter() reads seconds and dates", () => {
  assert.equal(parseRetryAfter("30", NOW), NOW + 30_000);
  assert.equal(parseRetryAfter(new Date(NOW).toUTCString(), NOW - 5_000), NOW);
  const [longest, centuries] = [NOW + 7 * 86_400_000, "9".repeat(30)];
  assert.equal(parseRetryAfter(centuries, NOW), longest);
  assert.equal(parseRetryAfter("Fri, 31 Dec 9999 23:59:59 GMT", NOW), longest);
  for (const odd of ["soon", "", "-5", "1.5", "3600, 3600"]) {
    assert.equal(parseRetryAfter(odd, NOW), undefined, odd);
  }
  assert.equal(parseRetryAfter(undefined, NOW), undefined);
});

Deno.test("renewalId() is the example of RFC 9773, section 4.1", async () => {
  // The RFC's certificate is only printed there; its two parts are these.
  const expected = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE";
  await using folder = temporaryFolder();
  const keyId = "69885B6B87464041E1B37B847BA0AE2CDE01C8D4";
  await Deno.writeTextFile(
    `${folder.path}/x.cnf`,
    `[req]\ndistinguished_name = dn\n[dn]\n[ca]\nsubjectKeyIdentifier = ${keyId}\nbasicConstraints = CA:TRUE\n[leaf]\nauthorityKeyIdentifier = keyid:always\n`,
  );
  const at = (name: string): string => `${folder.path}/${name}`;
  await must("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
    ...["-config", at("x.cnf"), "-extensions", "ca", "-subj", "/CN=ca"],
    ...["-keyout", at("ca.key"), "-out", at("ca.pem")],
  ]);
  await Deno.writeTextFile(at("leaf.csr"), (await makeKeyAndRequest(["glosson.test"])).csr);
  const leaf = await must("openssl", [
    ...["x509", "-req", "-in", at("leaf.csr"), "-CA", at("ca.pem"), "-CAkey", at("ca.key")],
    ...["-set_serial", "0x87654321", "-extfile", at("x.cnf"), "-extensions", "leaf"],
  ]);
  assert.equal(await renewalId(leaf), expected);
  assert.equal(await renewalId((await selfSignedIdentity(["a.test"], NOW)).cert), undefined);
});

Deno.test("fetchRenewalWindow() reads the window and bounds when to ask again", async () => {
  await using folder = temporaryFolder();
  const authority = await openLocalAuthority({ stateDir: folder.path, baseDomain: "glosson.test" });
  const names = ["glosson.test"];
  const certificate = await authority.issue({ csr: (await makeKeyAndRequest(names)).csr, names });
  let retryAfter = "21600";
  let end = "2026-06-05T00:00:00Z";
  await using it = fakeServer(() =>
    Response.json({
      suggestedWindow: { start: "2026-06-03T00:00:00Z", end },
      explanationURL: "https://acme.test/why",
    }, { headers: { "retry-after": retryAfter } })
  );
  const ask = () => fetchRenewalWindow(it.transport, `${it.origin}/ari/`, certificate, NOW);
  assert.deepEqual(await ask(), {
    start: Date.UTC(2026, 5, 3),
    end: Date.UTC(2026, 5, 5),
    askAgainAt: NOW + 21_600_000,
    explanation: "https://acme.test/why",
  });
  assert.equal(it.paths[0], `/ari/${await renewalId(certificate)}`);
  retryAfter = "1";
  assert.equal((await ask())?.askAgainAt, NOW + 60_000);
  retryAfter = "99999999";
  assert.equal((await ask())?.askAgainAt, NOW + 86_400_000);
  end = "2026-06-01T00:00:00Z";
  await assert.rejects(ask(), /dates make no sense/);
});
