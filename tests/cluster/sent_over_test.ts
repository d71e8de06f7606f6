import assert from "node:assert/strict";
import { relaysOf, settled } from "./relays.ts";

Deno.test("clients who are sent over, and come to another process than to the next of theirs, are waited for no longer", async () => {
  const { start } = relaysOf();
  const [former, other, third] = [await start("a"), await start("a-2"), await start("a-3")];
  former.online("kaylee");
  // Who comes back to a process that is left next, and then to one that stays.
  third.online("river");
  await settled();
  await start("a", "next", { predecessor: former });
  const come: string[] = [];
  for (const username of ["kaylee", "river"]) {
    former.successor!.arrival(username).then(() => come.push(username));
  }
  await settled();
  assert.deepEqual(come, []);
  for (const username of ["kaylee", "river"]) other.online(username);
  await settled();
  assert.deepEqual(come.toSorted(), ["kaylee", "river"]);
  assert.deepEqual(former.outdated, [], "which is the newer session is found out as ever");
});
