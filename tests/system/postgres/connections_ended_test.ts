import assert from "node:assert/strict";
import { until } from "../../certificate/helpers.ts";
import { serveUser, signUp, visit } from "../../stories/user.ts";
import { startCluster, statusAt } from "../cluster/relays.ts";

/** How often the database ends all of its connections, and the pause between two of those times, milliseconds. */
const [TIMES, PAUSE_MS] = [20, 100];

/** How long a visitor may wait then: far less than they would for a client that was not asked. */
const WITHIN_MS = 5_000;

Deno.test("a visitor meets a client at another relay while the database ends all connections over and over", async () => {
  await using cluster = await startCluster(["a", "b"]);
  const { a, b } = cluster.all;
  const kaylee = await signUp(b!, "kaylee");
  await using _page = await serveUser(b!, kaylee, () => new Response("here"), "http/1.1");
  await until(async () => await statusAt(a!, kaylee.hostname) === 200, "it is known at both");

  const visits: Promise<{ body: string; ms: number }>[] = [];
  for (let i = 0; i < TIMES; i++) {
    await cluster.database.endConnections("test1");
    for (let j = 0; j < 2; j++) {
      const began = performance.now();
      visits.push(
        visit(a!, kaylee.hostname).then(({ body }) => ({ body, ms: performance.now() - began })),
      );
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS / 2));
    }
  }
  const seen = await Promise.all(visits);
  const missed = seen.filter(({ body }) => body !== "here").length;
  const longest = Math.round(Math.max(...seen.map(({ ms }) => ms)));
  assert.ok(missed === 0 && longest < WITHIN_MS, `${missed} missed, longest ${longest} ms`);
});
