import assert from "node:assert/strict";
import { beginOfOneDay } from "../../one_day.ts";
import { until } from "../../certificate/helpers.ts";
import { glossond } from "../../stories/admin_command.ts";
import type { Relay } from "../../stories/relay.ts";
import { serveUser, signUp, visit } from "../../stories/user.ts";
import { stay } from "../cluster/bystander.ts";
import { startCluster, statusAt } from "../cluster/relays.ts";

/** What a large answer has, and what may pass on a day: more than one of it, less than two. */
const [LARGE_BYTES, LIMIT_BYTES] = [150_000, 200_000];

/** The bytes of the user's day as the database has them. */
const DAY_BYTES = "SELECT coalesce(max(day_bytes), 0) FROM user_figure";

Deno.test("a day's bytes of two relays that live are one sum, which ends visitors at either", async () => {
  await beginOfOneDay();
  await using relays = await startCluster(["a", "b"]);
  const { database, all } = relays;
  const { a, b } = all as Record<"a" | "b", Relay>;
  const user = await signUp(a, "kaylee");
  const { hostname } = user;
  await using _page = await serveUser(
    a,
    user,
    ({ url }) => new Response(url.endsWith("/large") ? "x".repeat(LARGE_BYTES) : ""),
    "http/1.1",
  );
  const limit = ["kaylee", "--bytes-per-day", `${LIMIT_BYTES}`];
  const set = await glossond(a.stateDir, "users", "limit", ...limit);
  assert.equal(set.code, 0, set.stderr);
  await b.logged("another relay tells", { kind: "limits", username: "kaylee" });
  await until(async () => await statusAt(b, hostname) === 200, "the page is at both");
  using guestOfA = await stay(a, hostname, a.ca);
  using guestOfB = await stay(b, hostname, a.ca);

  assert.equal((await visit(a, hostname, "/large")).body.length, LARGE_BYTES);
  await until(
    async () => Number(await database.psql(DAY_BYTES, "test1")) > LARGE_BYTES,
    "those of a are written",
    15_000,
  );
  assert.equal((await visit(b, hostname, "/large")).body.length, LARGE_BYTES);
  assert.equal(await guestOfA.ask(), 200);
  const usedUp = "the bytes of a user's day are used up";
  const told = await b.logged(usedUp);
  assert.ok(Number(told.bytes) > 2 * LARGE_BYTES, `${told.bytes}`);
  await assert.rejects(guestOfB.ask());
  assert.equal(await statusAt(b, hostname), 503);
  // It learns so with what it lets pass next.
  await guestOfA.ask().catch(() => {});
  await a.logged(usedUp);
  await assert.rejects(guestOfA.ask());
  assert.equal(await statusAt(a, hostname), 503);
});
