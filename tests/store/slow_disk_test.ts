import assert from "node:assert/strict";
import { StoreError } from "../../lib/store/error.ts";
import { temporaryFolder } from "../certificate/helpers.ts";
import { grantToken } from "./grant_token.ts";
import { storeIn } from "./helpers.ts";

/** A disk that is told when it has what was written. */
function slowDisk(): Disposable & { waiting: PromiseWithResolvers<void>[] } {
  const waiting: PromiseWithResolvers<void>[] = [];
  const { syncData } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.syncData = () => {
    const wait = Promise.withResolvers<void>();
    waiting.push(wait);
    return wait.promise;
  };
  return { waiting, [Symbol.dispose]: () => void (Deno.FsFile.prototype.syncData = syncData) };
}

/** Waits until so many waits for the disk have begun. */
async function begun(disk: { waiting: unknown[] }, count: number): Promise<void> {
  while (disk.waiting.length < count) await new Promise((resolve) => setTimeout(resolve, 1));
}

Deno.test("while the disk is slow, who writes waits for it, those meanwhile together, and nobody else", async () => {
  await using folder = temporaryFolder();
  const store = storeIn(folder.path);
  using disk = slowDisk();
  const done: string[] = [];
  const grant = (name: string) => grantToken(store, name).then(() => void done.push(name));
  const first = grant("kaylee");
  await begun(disk, 1);
  assert.ok(await store.accounts.byUsername("kaylee"));
  const others = [grant("simon"), grant("inara")];
  assert.ok(await store.accounts.byUsername("inara"));
  assert.deepEqual(done, []);
  disk.waiting[0]!.resolve();
  await first;
  await begun(disk, 2);
  // What was written while the disk was at the first is not known to be on it.
  assert.deepEqual(done, ["kaylee"]);
  disk.waiting[1]!.resolve();
  await Promise.all(others);
  assert.equal(disk.waiting.length, 2);
  await store.close();
});

Deno.test("what the disk does not take is not acknowledged", async () => {
  await using folder = temporaryFolder();
  const store = storeIn(folder.path);
  using disk = slowDisk();
  const granted = grantToken(store, "kaylee");
  await begun(disk, 1);
  disk.waiting[0]!.reject(new Error("Input/output error (os error 5)"));
  await assert.rejects(
    granted,
    (error: Error) =>
      error instanceof StoreError &&
      /Input\/output error.*see that its disk is well/.test(error.message),
  );
  const again = grantToken(store, "kaylee");
  await begun(disk, 2);
  disk.waiting[1]!.resolve();
  await again;
  await store.close();
});

Deno.test("a change right before the end is waited for", async () => {
  await using folder = temporaryFolder();
  const store = storeIn(folder.path);
  const granted = grantToken(store, "kaylee");
  await Promise.all([granted, store.close()]);
});
