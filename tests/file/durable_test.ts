import assert from "node:assert/strict";
import { writeDurably } from "../../lib/file/durable.ts";
import { ensureFolder } from "../../lib/file/state_folder.ts";

/** Somebody who is not root; needs no account. */
const DAEMON = 12_345;

Deno.test({
  name: "writeDurably() and ensureFolder() give what root makes to the state folder's owner",
  // Only root can write for somebody else.
  ignore: Deno.uid() !== 0,
  async fn() {
    const dir = await Deno.makeTempDir({ prefix: "glossond-files-" });
    try {
      await Deno.chown(dir, DAEMON, DAEMON);
      await writeDurably(`${dir}/key.pem`, "secret", 0o600);
      ensureFolder(`${dir}/orders`);
      await writeDurably(`${dir}/orders/one`, "1", 0o600);
      for (const path of ["key.pem", "orders", "orders/one"]) {
        const { uid, gid, mode } = await Deno.stat(`${dir}/${path}`);
        assert.deepEqual([uid, gid], [DAEMON, DAEMON], path);
        assert.equal(mode! & 0o077, 0, path);
      }
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
});
