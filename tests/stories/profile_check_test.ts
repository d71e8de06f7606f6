import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { seedAccounts, storePath } from "../store/helpers.ts";
import { glossond } from "./admin_command.ts";
import { startRelay } from "./relay.ts";

Deno.test("a profile that is gone is told in the log and by users, and its user stays", async () => {
  const dir = await Deno.makeTempDir({ prefix: "glossond-story-" });
  const stateDir = `${dir}/state`;
  await Deno.mkdir(stateDir, { mode: 0o700 });
  const [token] = seedAccounts(stateDir, ["kaylee"]);
  {
    using db = new DatabaseSync(storePath(stateDir));
    db.exec("UPDATE account SET verified_at = 1");
  }
  await using relay = await startRelay({ dir, settings: { PROFILE_CHECK_DAYS: "1" } });
  // Bios are in a folder beside the script, where there is none.
  const told = await relay.logged("a user's profile is gone");
  assert.deepEqual([told.level, told.username], ["warn", "kaylee"]);
  const list = await glossond(stateDir, "users");
  assert.match(list.stdout, /^kaylee +never online\* .*\n\n\* the profile is gone, or another/m);
  const show = await glossond(stateDir, "users", "show", "kaylee");
  assert.match(show.stdout, /^profile +GONE since 20\d\d-/m);
  const { profile, createdAt } = JSON.parse(
    (await glossond(stateDir, "users", "show", "kaylee", "--json")).stdout,
  );
  assert.deepEqual([profile.state, createdAt !== null], ["gone", true]);
  assert.match(profile.checkedAt, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.ok(token);
});
