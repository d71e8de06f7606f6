import assert from "node:assert/strict";
import { openLocalAuthority } from "../../lib/certificate/local_authority.ts";
import { orderRelayCertificate } from "../../lib/certificate/relay_order.ts";
import { openRelayStore } from "../../lib/certificate/store.ts";
import { temporaryFolder } from "./helpers.ts";

const BASE = "glosson.test";

Deno.test("a relay's certificate that cannot be stored is asked for by the same request again", async () => {
  await using folder = temporaryFolder();
  const stateDir = `${folder.path}/state`;
  const local = await openLocalAuthority({ stateDir, baseDomain: BASE });
  const asked: string[] = [];
  const forgotten: string[] = [];
  const options = {
    authority: {
      ...local,
      issue(order: Parameters<typeof local.issue>[0]) {
        asked.push(order.csr);
        return local.issue(order);
      },
      forget: (csr: string) => Promise.resolve(void forgotten.push(csr)),
    },
    names: [BASE, `*.${BASE}`],
    store: openRelayStore(stateDir),
    now: Date.now,
  };
  // Nothing can be renamed to where a folder is.
  const path = `${stateDir}/relay.pem`;
  await Deno.mkdir(`${path}/in the way`, { recursive: true });
  await assert.rejects(orderRelayCertificate(options));
  assert.deepEqual(forgotten, []);
  await Deno.remove(path, { recursive: true });
  await orderRelayCertificate(options);
  assert.equal(asked.length, 2);
  assert.equal(asked[0], asked[1]);
  assert.deepEqual(forgotten, [asked[0]]);
  assert.equal(await options.store.readNext(), undefined);
  assert.ok(await options.store.read());
});
