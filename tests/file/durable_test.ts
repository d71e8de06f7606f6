import assert from "node:assert/strict";
import { explain, writeDurably } from "../../lib/file/durable.ts";
import { acquireLock } from "../../lib/file/lock.ts";
import { ensureFolder } from "../../lib/file/state_folder.ts";
import { temporaryFolder } from "../certificate/helpers.ts";

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

Deno.test("files and locks in a folder that is gone name their path and what to do", async () => {
  await using folder = temporaryFolder();
  const path = `${folder.path}/gone/file`;
  const says = (what: string) =>
    new RegExp(`^Error: Cannot ${what} ${path}: its folder is gone; put`);
  await assert.rejects(writeDurably(path, "text", 0o600), says("write"));
  await assert.rejects(acquireLock(path, { owner: "test" }), says("lock"));
  assert.throws(() => ensureFolder(path), says("make the folder"));
});

Deno.test("explain() names the fix of what operators meet", () => {
  const cases: [error: Error, fix: RegExp][] = [
    [new Error("Read-only file system (os error 30): open 'x'"), /let this service write there/],
    [new Error("No space left on device (os error 28)"), /free some space/],
    [new Deno.errors.PermissionDenied("no"), /run this as root or as the relay's user/],
    [Object.assign(new Error("no"), { code: "EACCES" }), /run this as root or as the relay's user/],
  ];
  for (const [error, fix] of cases) assert.match(explain(error), fix);
});
