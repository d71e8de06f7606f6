import assert from "node:assert/strict";
import type { DomainOptions } from "../../../../examples/client/domain/arguments.ts";
import { domainCommand } from "../../../../examples/client/domain/commands.ts";
import { KeptDomains } from "../../../../examples/client/domain/kept.ts";
import { story } from "../story.ts";

const DOMAIN = "blog.example.org";

Deno.test("domain add keeps a new --acme-ca, and changes no authority that other domains renew at", async () => {
  await using acme = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    const [newNonce, newOrder] = [`${url}/nonce`, `${url}/order`];
    return Response.json({ newNonce, newOrder });
  });
  const directory = `http://127.0.0.1:${acme.addr.port}/directory`;
  await story(async ({ relay, state }) => {
    relay.alter = (path, body) =>
      path === "/v1/relay" ? { ...body, features: ["own-domains"] } : body;
    // Of another user: the command ends with it, and keeps what was reached.
    relay.problems.set(`/v1/domains/${DOMAIN}`, { status: 409, code: "domain-taken" });
    const kept = new KeptDomains(state);
    const account = { directory, key: "PEM", url: `${directory}/1` };
    await kept.saveAccount(account);
    await kept.add("example.org");
    const caFile = state.path("ca.pem");
    const add = (options: Partial<DomainOptions>): Promise<void> =>
      domainCommand({ action: "add", domain: DOMAIN, agree: true, ...options } as DomainOptions, {
        ...{ state, say: () => {}, now: Date.now, sleep: () => Promise.resolve() },
      });

    await assert.rejects(add({ acmeCa: caFile }), { code: "domain-taken" });
    const withCa = { ...account, ca: relay.authority.pem };
    assert.deepEqual(await kept.account(), withCa);

    await assert.rejects(
      add({ acme: `${directory}/other` }),
      /example\.org renews at http:.*\/directory: leave --acme out, or give them up there first/,
    );
    assert.deepEqual(await kept.account(), withCa);
  });
});

Deno.test("domain add tells the CAA records that let nobody but the user's account order", async () => {
  const accountUrl = "https://ca.test/acct/7";
  await using acme = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    const [newNonce, newOrder] = [`${url}/nonce`, `${url}/order`];
    return Response.json({
      newNonce,
      newOrder,
      meta: { caaIdentities: ["ca.test", "old.ca.test"] },
    });
  });
  await story(async ({ relay, state }) => {
    relay.alter = (path, body) =>
      path === "/v1/relay" ? { ...body, features: ["own-domains"] } : body;
    const directory = `http://127.0.0.1:${acme.addr.port}/directory`;
    await new KeptDomains(state).saveAccount({ directory, key: "PEM", url: accountUrl });
    const said: string[] = [];
    await domainCommand({ action: "add", domain: DOMAIN, agree: false }, {
      ...{ state, now: Date.now, sleep: () => Promise.resolve() },
      say: (text) => void said.push(text),
    });
    const value = `ca.test; accounturi=${accountUrl}; validationmethods=tls-alpn-01`;
    assert.match(said.join("\n"), /blog\.example\.org leads to you/);
    const records = said.join("\n").split("\n").filter((line) => line.includes("  CAA  "));
    assert.deepEqual(records.map((line) => line.trim()), [
      `${DOMAIN}.  CAA  0 issue "${value}"`,
      `${DOMAIN}.  CAA  0 issuewild ";"`,
    ]);
  });
});
