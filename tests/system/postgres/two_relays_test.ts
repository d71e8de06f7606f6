import assert from "node:assert/strict";
import { until } from "../../certificate/helpers.ts";
import { type Relay, startRelay } from "../../stories/relay.ts";
import { apiOf, connectControl, signingRequest, signUp } from "../../stories/user.ts";
import { glossondCommand } from "../../stories/admin_command.ts";
import { PostgresServer } from "./server.ts";

/** Users, each with an order of their own. */
const USERS = Array.from({ length: 6 }, (_, i) => `user${i}`);

/** What has a NUL in its path, and the answer. */
const NULS = [
  ["GET", "/v1/certificates/%00", 404],
  ["DELETE", "/v1/domains/%00", 204],
  ["PUT", "/v1/domains/a%00.example.org", 400],
] as const;

Deno.test("two relays on one database have the same users, and place each order once", async () => {
  await using server = await PostgresServer.start();
  const settings = { DATABASE_URL: await server.createDatabase(), LOG_LEVEL: "info" };
  await using one = await startRelay({ settings });
  await using other = await startRelay({ settings });
  const relays: Relay[] = [one, other];
  const apis = relays.map((relay) => apiOf(relay));
  const { request } = apis[1]!;
  try {
    const users = [];
    for (const name of USERS) users.push(await signUp(one, name));
    const orders = await Promise.all(users.map(async ({ token, hostname }, i) => {
      const { csr } = await signingRequest(hostname);
      const answer = await apis[i % 2]!.request("POST", "/v1/certificates", {
        token,
        body: { csr },
      });
      assert.equal(answer.status, 202);
      return { token, id: String(answer.body.id) };
    }));
    // No text of PostgreSQL has a NUL, so to ask for one is an error there, as if the database were broken.
    const { token } = users[0]!;
    for (const [method, path, status] of NULS) {
      assert.equal((await request(method, path, { token })).status, status, path);
    }
    for (const { token, id } of orders) {
      await until(
        async () =>
          (await request("GET", `/v1/certificates/${id}`, { token })).body.status === "ready",
        `order ${id} is signed`,
      );
    }
    const signed = relays.flatMap(({ lines }) =>
      lines.filter((line) => line.message === "certificate signed").map((line) => line.order)
    );
    assert.deepEqual(signed.toSorted(), orders.map(({ id }) => id).sort());

    const [kaylee] = users;
    await (await connectControl(other, kaylee!))[Symbol.asyncDispose]();
    const block = glossondCommand(one.stateDir, ["users", "block", "user0"], settings);
    assert.equal((await block.output()).code, 0);
    const refused = await request("GET", "/v1/account", { token: kaylee!.token });
    assert.deepEqual([refused.status, refused.body.type], [
      ...[403, "urn:glosson:problem:suspended"],
    ]);
  } finally {
    for (const { client } of apis) client.close();
  }
});
