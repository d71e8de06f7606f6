import assert from "node:assert/strict";
import type { Membership } from "../../scripts/bench/load/glosson.ts";
import { BASE, type Relay } from "../stories/relay.ts";
import { ANSWER, answerOf, Answers, SlowCrowd } from "../stories/slow_crowd.ts";
import { apiOf, connectControl, signUp } from "../stories/user.ts";
import { startCluster } from "./cluster/relays.ts";
import { sleep } from "../../lib/net/pause.ts";
import { until } from "../certificate/helpers.ts";
import { seedPostgres } from "./postgres/stores.ts";

/** How many users are online: more than come back in the time that visitors wait for a client. */
const USERS = 40;

function membersOf({ ports, ca }: Relay, tokens: string[], names: string[]): Membership[] {
  const { control: controlPort, data: dataPort } = ports;
  return names.map((username, i) => ({
    ...{ username, token: tokens[i]!, controlPort: controlPort!, dataPort: dataPort!, ca, pool: 1 },
  }));
}

Deno.test("no visitor of another relay depends on how fast clients come back when a relay's place is taken", async () => {
  await using cluster = await startCluster(["a", "b"]);
  const { a, b } = cluster.all as { a: Relay; b: Relay };
  const names = Array.from({ length: USERS }, (_, i) => `user${i}`);
  const tokens = await seedPostgres(cluster.url, names);
  await using _crowd = await SlowCrowd.of(membersOf(a, tokens, names));
  const answers = new Answers();
  async function visitAll(): Promise<void> {
    await Promise.all(
      names.map((username) => answers.visit(b.ports.hub!, `${username}.${BASE}`)),
    );
  }
  await visitAll();
  answers.check();
  const starting = cluster.start("a", true);
  let over = false;
  const ended = Promise.all([starting, a.readerGone]).then(() => over = true);
  while (!over) await visitAll();
  answers.check();
  await ended;
});

Deno.test("no visitor of a relay whose place is taken waits in vain for who is at another", async () => {
  await using cluster = await startCluster(["a", "b"]);
  const { a, b } = cluster.all as { a: Relay; b: Relay };
  const names = ["kaylee", "river"];
  const tokens = await seedPostgres(cluster.url, names);
  await using _crowd = await SlowCrowd.of(membersOf(b, tokens, names));
  // Never says what it wants, so that the relay before keeps its data port for a while longer.
  using _hesitating = await Deno.connect({ hostname: "127.0.0.1", port: a.ports.hub! });
  const answers = new Answers();
  let over = false;
  async function visitOften(username: string): Promise<void> {
    while (!over) {
      await answers.visit(a.ports.hub!, `${username}.${BASE}`);
      await sleep(10);
    }
  }
  const visiting = names.flatMap((name) => [1, 2, 3, 4].map(() => visitOften(name)));
  await cluster.start("a", true);
  over = true;
  await Promise.all(visiting);
  answers.check();
});

Deno.test("a relay that takes another's place while the database is away is known to others once that is back", async () => {
  await using cluster = await startCluster(["a", "b"]);
  const { a, b } = cluster.all as { a: Relay; b: Relay };
  const tokens = await seedPostgres(cluster.url, ["kaylee"]);
  await using _crowd = await SlowCrowd.of(membersOf(a, tokens, ["kaylee"]));
  // Never says what it wants, so that there is time between the steps.
  using _hesitating = await Deno.connect({ hostname: "127.0.0.1", port: a.ports.hub! });
  const starting = cluster.start("a", true);
  await a.logged("another process takes this relay's place");
  await cluster.database.stop();
  const { lines } = await starting;
  assert.ok(lines.some(({ message }) => `${message}`.startsWith("the database cannot be reached")));
  await cluster.database.resume();
  const hostname = `kaylee.${BASE}`;
  await until(async () => await answerOf(b.ports.hub!, hostname) === ANSWER, "she is met", 60_000);
});

Deno.test("a user who does not come to the relay that took theirs' place was there until it did", async () => {
  await using cluster = await startCluster(["a", "b"]);
  const former = cluster.all.a!;
  // Sent over before: until it is the user's turn all know that another process has their relay's place.
  const names = Array.from({ length: 12 }, (_, i) => `user${i}`);
  const tokens = await seedPostgres(cluster.url, names);
  await using _crowd = await SlowCrowd.of(membersOf(former, tokens, names));
  const user = await signUp(former, "kaylee");
  await using link = await connectControl(former, user);
  const before = Date.now();
  const a = await cluster.start("a", true);
  assert.equal((await link.next("goodbye")).reason, "draining");
  const { request, client } = apiOf(a);
  try {
    await until(async () => {
      const { body } = await request("GET", "/v1/account", { token: user.token });
      return !body.online && Date.parse(`${body.lastOnlineAt}`) >= before;
    }, "it is told");
  } finally {
    client.close();
  }
});
