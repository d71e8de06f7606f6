import assert from "node:assert/strict";
import { AS_SERVED } from "../../scripts/bench/glossond.ts";
import { sendBodies } from "../../scripts/strangers/bodies.ts";
import { startRelay } from "./relay.ts";
import { apiOf } from "./user.ts";

Deno.test("request bodies in chunks of one byte take no memory to speak of", async () => {
  await using relay = await startRelay({ settings: { LOG_LEVEL: "info" }, launcher: AS_SERVED });
  const { before, after } = await sendBodies({ relay, connections: 4, chunks: 2_000 });
  const grown = (after - before) / 1024 / 1024;
  // Kept views would be 500 MB.
  assert.ok(grown <= 20, `${grown} MB more`);
  const api = apiOf(relay);
  using _client = api.client;
  const claim = await api.request("POST", "/v1/claims", { body: { username: "kaylee" } });
  assert.equal(claim.status, 201);
});
