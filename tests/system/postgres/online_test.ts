import assert from "node:assert/strict";
import { parsePostgresUrl } from "../../../lib/wire/postgres_url.ts";
import { joinVisitors, signUp, startPage, visit } from "../../stories/user.ts";
import { startCluster, statusAt } from "../cluster/relays.ts";
import { lockTables } from "./faults.ts";

/** For how long the relay cannot tell the other one, milliseconds: longer than a busy database takes. */
const HELD_MS = 1_000;

Deno.test("a client is told that it is online once visitors at another relay meet it, who are shown the page until then", async () => {
  await using cluster = await startCluster(["a", "b"]);
  const { a, b } = cluster.all;
  const kaylee = await signUp(b!, "kaylee");
  await using page = await startPage(b!, kaylee, () => new Response("here"), "http/1.1");
  await using locks = await lockTables(parsePostgresUrl(cluster.url));
  let isTold = false;
  const coming = joinVisitors(b!, kaylee, page.port).finally(() => isTold = true);
  await b!.logged("client online", { username: "kaylee" });
  const home = visit(b!, kaylee.hostname);
  for (const began = performance.now(); performance.now() - began < HELD_MS;) {
    assert.equal(await statusAt(a!, kaylee.hostname), 503);
    assert.equal(isTold, false);
  }
  await locks[Symbol.asyncDispose]();
  await using _online = await coming;
  assert.equal((await visit(a!, kaylee.hostname)).body, "here");
  assert.equal((await home).body, "here", "who came first waits for it");
});
