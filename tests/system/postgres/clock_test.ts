import assert from "node:assert/strict";
import type { RequestRules } from "../../../lib/store/orders.ts";
import { TAKEN_MS } from "../../../lib/store/orders.ts";
import { PostgresTurn } from "../../../lib/store/postgres/shared_turn.ts";
import { parsePostgresUrl } from "../../../lib/wire/postgres_url.ts";
import { until } from "../../certificate/helpers.ts";
import { grantToken } from "../../store/grant_token.ts";
import { connectControl, serveUser, signUp } from "../../stories/user.ts";
import { startCluster, statusAt } from "../cluster/relays.ts";
import { serverWithClock } from "./clocked_server.ts";
import { storesOn } from "./stores.ts";

const HOUR_S = 3_600;
const DAY_MS = 86_400_000;
const RULES: RequestRules = { limit: 9, windowMs: 1_000, underWay: [], superseded: "{}" };

Deno.test("what a relay that died had taken is another's soon, though the database's clock is set back an hour", async () => {
  await using stack = new AsyncDisposableStack();
  const { server, clock } = await serverWithClock(stack);
  const { stores, url } = stack.use(await storesOn(server, 2));
  const turns = [0, 1].map(() => {
    const turn = new PostgresTurn({ address: parsePostgresUrl(url) }, {
      ...{ heldMs: 500, waitMs: 10_000 },
    });
    stack.defer(() => turn.close());
    return turn;
  });
  const [dead, other] = stores.map(({ orders }) => orders);
  const budget = { since: 0, until: 9e15, limit: 9 };
  await dead!.submit({ id: "0", username: "kaylee", csr: "a csr", createdAt: 0 }, RULES);
  await turns[0]!.take();
  assert.equal(await dead!.take("0", budget), true);
  clock.set(-HOUR_S);
  await turns[1]!.take();
  assert.equal(await other!.take("0", budget), false, "its relay may live");
  clock.set(-HOUR_S + TAKEN_MS / 1_000 + 1);
  assert.equal(await other!.take("0", budget), true);
});

Deno.test("domains and profiles are looked at again by the database's clock, whatever a relay's says", async () => {
  await using stack = new AsyncDisposableStack();
  const { server, clock } = await serverWithClock(stack);
  const { stores: [one, other] } = stack.use(await storesOn(server, 2));
  const own = { domain: "example.org", username: "kaylee" };
  clock.set(9 * HOUR_S);
  const token = await grantToken(one!, own.username);
  await one!.domains.put(own.domain, token, { max: 1, dueMs: DAY_MS });
  assert.equal(await other!.domains.due(DAY_MS), undefined);
  assert.equal(await other!.profiles.next(DAY_MS), undefined);
  clock.set(9 * HOUR_S + DAY_MS / 1_000 + 1);
  assert.deepEqual(await other!.domains.due(DAY_MS), own);
  assert.equal(await other!.profiles.next(DAY_MS), own.username);
  assert.equal(await other!.domains.note(own, false, DAY_MS), 0);
  await other!.profiles.note(own.username, { found: false }, DAY_MS);
  assert.equal(await one!.domains.due(DAY_MS), undefined);
  assert.equal(await one!.profiles.next(DAY_MS), undefined);
  assert.equal((await one!.profiles.of(own.username))?.state, "gone");
});

Deno.test("relays tell who is dead, and whose session is the newer, whatever the database's clock says", async () => {
  await using stack = new AsyncDisposableStack();
  const { server: database, clock } = await serverWithClock(stack);
  const { all } = stack.use(await startCluster(["a", "b", "c"], { database }));
  const [a, b, c] = [all.a!, all.b!, all.c!];
  const [kaylee, wash, twice] = [
    await signUp(a, "kaylee"),
    await signUp(c, "wash"),
    await signUp(a, "twice"),
  ];
  stack.use(await serveUser(a, kaylee, () => new Response("here"), "http/1.1"));
  const lost = await connectControl(c, wash);
  const everywhere = async (): Promise<void> => {
    for (const relay of [a, b]) assert.equal(await statusAt(relay, kaylee.hostname), 200);
    for (const [older, newer] of [[a, b], [b, a]] as const) {
      await using before = await connectControl(older, twice);
      await using _after = await connectControl(newer, twice);
      assert.equal((await before.closed).code, 4409);
    }
  };
  /** How often relays have beaten, as the database counts changes of their rows. */
  const beats = async (): Promise<number> =>
    Number(
      await database.psql(
        "SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'relay'",
        "test1",
      ),
    );
  const beaten = async (times: number): Promise<void> => {
    const goal = await beats() + times;
    await until(async () => await beats() >= goal, `${times} beats`, 60_000);
  };
  // So that each of them judges others by now.
  await beaten(24);

  await c.stop("SIGKILL");
  await lost.closed;
  clock.set(-HOUR_S);
  const alive = "SELECT string_agg(id, ' ' ORDER BY id) FROM relay WHERE alive";
  await until(
    async () => await database.psql(alive, "test1") === "a b",
    "the one that was killed counts as dead",
    30_000,
  );
  await until(async () => await statusAt(a, wash.hostname) === 503, "its user is away");
  await everywhere();

  clock.set(0);
  await beaten(8);
  await everywhere();
  for (const { lines } of [a, b]) {
    assert.deepEqual(
      lines.filter(({ message }) => /took this one for dead/.test(`${message}`)),
      [],
    );
  }
});
