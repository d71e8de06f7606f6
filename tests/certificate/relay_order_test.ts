import assert from "node:assert/strict";
import { OrderRefusedError } from "../../lib/certificate/authority.ts";
import { openLocalAuthority } from "../../lib/certificate/local_authority.ts";
import { orderRelayCertificate } from "../../lib/certificate/relay_order.ts";
import { openRelayStore } from "../../lib/certificate/store.ts";
import { temporaryFolder } from "./helpers.ts";

const BASE = "glosson.test";

/** What orders are made with, what is asked of their authority, and what it is told to forget. */
async function orders(folder: string, firstRefusal?: Error) {
  const stateDir = `${folder}/state`;
  const local = await openLocalAuthority({ stateDir, baseDomain: BASE });
  const asked: string[] = [];
  const forgotten: string[] = [];
  const options = {
    authority: {
      ...local,
      issue(order: Parameters<typeof local.issue>[0]) {
        asked.push(order.csr);
        return asked.length === 1 && firstRefusal !== undefined
          ? Promise.reject(firstRefusal)
          : local.issue(order);
      },
      forget: (csr: string) => Promise.resolve(void forgotten.push(csr)),
    },
    names: [BASE, `*.${BASE}`],
    store: openRelayStore(stateDir),
    now: Date.now,
  };
  return { stateDir, asked, forgotten, options };
}

Deno.test("a relay's certificate that cannot be stored is asked for by the same request again", async () => {
  await using folder = temporaryFolder();
  const { stateDir, asked, forgotten, options } = await orders(folder.path);
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

Deno.test("a relay's request that the authority refuses is not sent again, its key neither", async () => {
  await using folder = temporaryFolder();
  const { asked, forgotten, options } = await orders(
    folder.path,
    new OrderRefusedError("public key is forbidden"),
  );
  await assert.rejects(orderRelayCertificate(options), /public key is forbidden/);
  assert.deepEqual(forgotten, asked);
  await orderRelayCertificate(options);
  assert.notEqual(asked[0], asked[1]);
});
