import assert from "node:assert/strict";
import { openAcmeAuthority } from "../../lib/acme/acme_authority.ts";
import { temporaryFolder } from "../certificate/helpers.ts";
import { memoryZone } from "../dns/memory_zone.ts";

Deno.test("AcmeAuthority.forget() says what cannot be forgotten, and fails nothing that is done already", async () => {
  await using folder = temporaryFolder();
  const notes: string[] = [];
  const authority = await openAcmeAuthority({
    ...{
      stateDir: folder.path,
      directoryUrl: "https://127.0.0.1:1/",
      dns: memoryZone("x.test").dns,
    },
    onNote: (note) => notes.push(note),
  });
  try {
    await authority.forget("a csr");
    assert.deepEqual(notes, []);
    // Where its folder is gone, that cannot be synchronized.
    await Deno.remove(`${folder.path}/acme-orders`, { recursive: true });
    await authority.forget("a csr");
    assert.deepEqual(notes, ["order not forgotten"]);
  } finally {
    await authority.close();
  }
});
