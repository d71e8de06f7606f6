import assert from "node:assert/strict";
import { startAuthoritative } from "../dns/authoritative.ts";
import { ALERT, answer, ended, helloFor, send } from "./hub_visitor.ts";
import { BASE, startAgain, startRelay } from "./relay.ts";
import { apiOf, connectControl, signUp } from "./user.ts";

const DOMAIN = "blog.example.org";

Deno.test("a domain of a user's own: proved, routed, kept over a restart, given up with the name", async () => {
  await using dns = await startAuthoritative();
  const settings = { DNS_SERVERS: `127.0.0.1:${dns.port}`, MAX_DOMAINS_PER_USER: "2" };
  const dir = await Deno.makeTempDir({ prefix: "glossond-story-" });
  const relay = await startRelay({ dir, settings });
  const kaylee = await signUp(relay, "kaylee");
  const zoe = await signUp(relay, "zoe");
  const api = apiOf(relay);
  assert.ok((await api.request("GET", "/v1/relay")).body.features.includes("own-domains"));
  const ask = async (method: string, domain: string, { token } = kaylee) => {
    const { status, body } = await api.request(method, `/v1/domains/${domain}`, { token });
    return [status, body.type?.replace("urn:glosson:problem:", "") ?? body.domain];
  };
  const listed = async ({ token } = kaylee) =>
    (await api.request("GET", "/v1/account", { token })).body.domains;

  assert.deepEqual(await ask("PUT", DOMAIN), [409, "domain-not-pointed"]);
  assert.equal(await answer(relay, [helloFor(DOMAIN)]), ALERT.unrecognizedName);
  await ended(relay, "foreign-name", { serverName: DOMAIN });
  dns.records.set(`CNAME ${DOMAIN}`, [kaylee.hostname]);
  assert.deepEqual(await ask("PUT", "BLOG.Example.org."), [200, DOMAIN]);
  dns.records.set("TXT _glosson.example.org", [kaylee.hostname]);
  assert.deepEqual(await ask("PUT", "example.org"), [200, "example.org"]);
  dns.records.set("TXT _glosson.third.example.org", [kaylee.hostname]);
  assert.deepEqual(await ask("PUT", "third.example.org"), [429, "rate-limited"]);
  assert.deepEqual(await listed(), [DOMAIN, "example.org"]);
  assert.deepEqual(await ask("PUT", DOMAIN, zoe), [409, "domain-taken"]);
  assert.deepEqual(await ask("DELETE", DOMAIN, zoe), [204, undefined]);
  assert.deepEqual(await ask("PUT", DOMAIN, { ...zoe, token: "A".repeat(32) }), [
    401,
    "unauthorized",
  ]);
  for (
    const bad of ["*.example.org", "localhost", "192.0.2.1", BASE, zoe.hostname, "b%C3%BC.org"]
  ) {
    assert.deepEqual(await ask("PUT", bad), [400, "bad-request"], bad);
  }
  assert.deepEqual(await listed(), [DOMAIN, "example.org"]);

  // Away: an alert, since the relay has no certificate for the name.
  assert.equal(await answer(relay, [helloFor(DOMAIN)]), ALERT.unrecognizedName);
  await ended(relay, "no-page", { serverName: DOMAIN, detail: "offline" });
  {
    await using link = await connectControl(relay, kaylee);
    using _visitor = await send(relay, [helloFor(DOMAIN)]);
    assert.equal((await link.next("connect")).type, "connect");
  }
  api.client.close();

  await relay.stop("SIGKILL");
  await using again = await startAgain(relay, { dir, settings });
  {
    await using link = await connectControl(again, kaylee);
    using _visitor = await send(again, [helloFor("EXAMPLE.org")]);
    assert.equal((await link.next("connect")).type, "connect");
  }
  const api2 = apiOf(again);
  using _client = api2.client;
  const { token } = kaylee;
  assert.equal((await api2.request("DELETE", "/v1/domains/example.org", { token })).status, 204);
  assert.deepEqual((await api2.request("GET", "/v1/account", { token })).body.domains, [DOMAIN]);
  await api2.request("DELETE", "/v1/account", { token });
  assert.equal(await answer(again, [helloFor(DOMAIN)]), ALERT.unrecognizedName);
  await ended(again, "foreign-name", { serverName: DOMAIN });
});
