import assert from "node:assert/strict";
import { issuerReader } from "../../lib/acme/issuer.ts";
import { type AcmeAnswer, RELAY_WORDS } from "../../lib/acme/transport.ts";
import { writeDurably } from "../../lib/file/durable.ts";
import { makeKey } from "../../lib/pki/keys.ts";
import { temporaryFolder } from "../certificate/helpers.ts";

const directoryUrl = "https://ca.test/dir";

Deno.test("issuerReader() asks for the server's name by one request, and again a minute after a failure", async () => {
  await using folder = temporaryFolder();
  const stateDir = folder.path;
  const accounts = { [directoryUrl]: { key: await makeKey(), url: "https://ca.test/account/1" } };
  await writeDurably(`${stateDir}/acme-accounts.json`, JSON.stringify(accounts), 0o600);
  const clock = { now: 0 };
  const requests: PromiseWithResolvers<AcmeAnswer>[] = [];
  const issuer = issuerReader({
    ...{ stateDir, directoryUrl, now: () => clock.now },
    transport: {
      request() {
        requests.push(Promise.withResolvers());
        return requests.at(-1)!.promise;
      },
      ...{ words: RELAY_WORDS, clockAheadMs: () => 0, close() {} },
    },
  });
  const tells = (meta: unknown): AcmeAnswer => ({
    status: 200,
    headers: {},
    data: { newNonce: "https://ca.test/nonce", newOrder: "https://ca.test/order", meta },
  });

  /** Asks twice at once, and answers what comes of it at the server. */
  async function ask(answer: (request: PromiseWithResolvers<AcmeAnswer>) => void) {
    const before = requests.length;
    const both = Promise.allSettled([issuer(), issuer()]);
    both.then(() => done = true);
    let done = false;
    while (!done) {
      await new Promise((resolve) => setTimeout(resolve));
      requests.slice(before).forEach(answer);
    }
    const results = (await both).map((each) =>
      each.status === "fulfilled" ? each.value.authority : each.reason.message
    );
    return { results, requests: requests.length - before };
  }

  const away = await ask((request) => request.reject(new Error("no answer")));
  assert.deepEqual(away, { results: ["no answer", "no answer"], requests: 1 });
  clock.now += 59_999;
  assert.equal((await ask(() => {})).requests, 0);
  clock.now++;
  const nameless = await ask((request) => request.resolve(tells({})));
  assert.equal(nameless.requests, 1);
  assert.match(nameless.results[0], /name it with GLOSSOND_CAA_IDENTITY/);
  clock.now += 59_999;
  assert.equal((await ask(() => {})).requests, 0);
  clock.now++;
  const told = await ask((request) => request.resolve(tells({ caaIdentities: ["ca.test"] })));
  assert.deepEqual(told, { results: ["ca.test", "ca.test"], requests: 1 });
  clock.now += 1e9;
  assert.equal((await ask(() => {})).requests, 0);
});
