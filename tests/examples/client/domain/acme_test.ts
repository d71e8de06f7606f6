import assert from "node:assert/strict";
import { openLocalAuthority } from "../../../../lib/certificate/local_authority.ts";
import { readChain } from "../../../../lib/pki/identity.ts";
import { makeKey, makeKeyAndRequest } from "../../../../lib/pki/keys.ts";
import { Acme } from "../../../../examples/client/domain/acme.ts";
import { temporaryFolder } from "../../../certificate/helpers.ts";
import { json, problem, type Spoil, startHostileServer } from "../../../acme/hostile_server.ts";

const DOMAIN = "blog.example.org";

/** Orders with an account at a server that answers so; what it was asked, and the account's URL as told. */
async function ordered(spoil: Spoil): Promise<{ asked: string[]; told: string[]; why: string }> {
  await using server = startHostileServer({ name: DOMAIN, spoil });
  const directory = server.directoryUrl;
  const acme = new Acme({ directory, now: Date.now });
  const told: string[] = [];
  try {
    const account = { directory, key: await makeKey(), url: new URL("/account/0", directory).href };
    const order = acme.order(account, {
      ...{ domain: DOMAIN, keyType: "ecdsa", prove: () => assert.fail("nothing is proved") },
      onAccount(url) {
        told.push(new URL(url).pathname);
        return Promise.resolve();
      },
    });
    const why = await order.then(() => "ordered", (error: Error) => error.message);
    return { asked: server.asked.filter((path) => path !== "/nonce"), told, why };
  } finally {
    acme.close();
  }
}

Deno.test("Acme.order() registers its account again at a server that has forgotten it", async () => {
  const { asked, told, why } = await ordered((path, count) =>
    path === "/new-order" && count === 0 ? problem("accountDoesNotExist", 400) : undefined
  );
  assert.deepEqual(told, ["/account/1"]);
  const way = ["/directory", "/new-order", "/account", "/new-order", "/authorization"];
  assert.deepEqual(asked, way);
  assert.match(why, /offers no tls-alpn-01/);
});

Deno.test("Acme.order() registers once, and not where the server says another thing", async () => {
  const forgetful = await ordered((path) =>
    path === "/new-order" ? problem("accountDoesNotExist", 400) : undefined
  );
  assert.deepEqual(forgetful.told, ["/account/1"]);
  assert.match(forgetful.why, /because/);
  const strict = await ordered((path) =>
    path === "/new-order" ? problem("unauthorized", 403) : undefined
  );
  assert.deepEqual([strict.told, strict.asked], [[], ["/directory", "/new-order"]]);
  assert.match(strict.why, /because.*deactivated, remove acme\.json/);
});

Deno.test("Acme.renewalWindow() does not begin before a certificate is a day old, or a tenth of a short life", async () => {
  await using folder = temporaryFolder();
  const local = await openLocalAuthority({ stateDir: folder.path, baseDomain: DOMAIN });
  const { csr } = await makeKeyAndRequest([DOMAIN]);
  const chain = await local.issue({ csr, names: [DOMAIN] });
  const { notBefore, notAfter } = await readChain(chain);
  const soonest = notBefore + Math.min(86_400_000, (notAfter - notBefore) / 10);
  const windows: [start: number, end: number][] = [
    [notBefore - 9e6, notBefore - 5e6],
    [notBefore - 9e6, soonest + 5e6],
    [soonest + 1e6, soonest + 5e6],
  ];
  let asked = 0;
  await using server = startHostileServer({
    name: DOMAIN,
    spoil(path) {
      if (!path.startsWith("/renewal/")) return undefined;
      const [start, end] = windows[asked++]!.map((at) => new Date(at).toISOString());
      return json(JSON.stringify({ suggestedWindow: { start, end } }));
    },
  });
  const acme = new Acme({ directory: server.directoryUrl, now: Date.now });
  try {
    for (const [start, end] of [[soonest, soonest], [soonest, soonest + 5e6], windows[2]!]) {
      const window = await acme.renewalWindow(chain);
      assert.deepEqual([window?.start, window?.end], [start, end]);
    }
  } finally {
    acme.close();
  }
});
