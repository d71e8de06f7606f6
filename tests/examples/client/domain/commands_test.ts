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
      /example\.org renews at http:.*\/directory: leave --acme out, or remove the others first/,
    );
    assert.deepEqual(await kept.account(), withCa);
  });
});
