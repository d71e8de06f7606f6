import assert from "node:assert/strict";
import { freePort } from "../../scripts/ports.ts";
import { until } from "../certificate/helpers.ts";
import { droppingPort, forward } from "../net/ports.ts";
import { glossond } from "./admin_command.ts";
import { type Glosson, setUpGlosson } from "./glosson.ts";
import { BASE, type Relay, startRelay } from "./relay.ts";
import { visit } from "./user.ts";

/** How long a client may take to write down what it has said, milliseconds. */
const PATIENCE_MS = 30_000;

/** What `status` says; `data` is null as long as nothing is known. */
interface Told {
  code: number;
  data: Record<string, unknown> | null;
}

async function statusOf(glosson: Glosson): Promise<Told> {
  const { code, stdout } = await glosson.command("status", "--json");
  return { code, data: JSON.parse(stdout).data };
}

/** What it says once it knows whether visitors can be served: a client writes in its own time. */
async function statusWhere(glosson: Glosson, works: boolean): Promise<Told> {
  let told: Told = { code: -1, data: null };
  await until(
    async () => (told = await statusOf(glosson)).data?.works === works,
    `works is ${works}`,
    PATIENCE_MS,
  );
  return told;
}

async function shown(relay: Relay): Promise<{ text: string; dataPath: unknown }> {
  const { stdout: text } = await glossond(relay.stateDir, "users", "show", "kaylee");
  const { stdout } = await glossond(relay.stateDir, "users", "show", "kaylee", "--json");
  return { text, dataPath: JSON.parse(stdout).dataPath };
}

/** Ports that cannot be reached, by the word for it, until they are disposed of. */
const HOLES: Record<string, () => Promise<Disposable & { port: number }>> = {
  refused: () => Promise.resolve({ port: freePort(), [Symbol.dispose]() {} }),
  timeout: droppingPort,
};

for (const [word, open] of Object.entries(HOLES)) {
  Deno.test(`a data port that cannot be reached (${word}) is told to everybody whom it concerns, and when it is again`, async () => {
    using hole = await open();
    const { port } = hole;
    await using relay = await startRelay({ settings: { PUBLIC_DATA_PORT: String(port) } });
    await using glosson = await setUpGlosson(relay, "kaylee");
    assert.deepEqual((await statusOf(glosson)).data, null);
    const run = glosson.run("--data-over", "tcp");

    // The user, by the log and by `status`.
    await run.said(/ Online /);
    const online = performance.now();
    const warning = await run.said(/ warn +Visitors cannot be served/);
    assert.ok(performance.now() - online < 10_000);
    assert.match(warning, new RegExp(`host=127\\.0\\.0\\.1 port=${port} why=`));
    await relay.logged("client's way to the data port fails, so its visitors cannot be served", {
      username: "kaylee",
      why: word,
      dataHost: "127.0.0.1",
      dataPort: port,
    });
    const bad = await statusWhere(glosson, false);
    assert.equal(bad.code, 1);
    assert.deepEqual([bad.data?.host, bad.data?.port], ["127.0.0.1", port]);
    const text = (await glosson.command("status")).stdout;
    assert.match(
      text,
      new RegExp(`Online: +yes\n.*CANNOT BE SERVED since .*127.0.0.1:${port}`, "s"),
    );

    // The operator.
    const user = await shown(relay);
    assert.equal(user.dataPath, word);
    assert.match(user.text, /state +unreachable\n(.*\n)*data port +NOT REACHED/);
    const { stdout } = await glossond(relay.stateDir, "status");
    assert.match(stdout, /1 online of 1, 0 names blocked; 1 CANNOT BE VISITED/);

    // A visitor.
    const page = await visit(relay, `kaylee.${BASE}`);
    assert.equal(page.status, 504);
    assert.match(page.body, /connections that carry visitors do not get through/);

    // And everybody again.
    hole[Symbol.dispose]();
    await using _way = forward(port, relay.ports.data!);
    // The client tries by itself now and then; a visitor makes it try at once.
    assert.equal((await visit(relay, `kaylee.${BASE}`)).status, 200);
    await run.said(/ info +The relay's data port is reached, visitors can be served/);
    await relay.logged("client reaches the data port again");
    const good = await statusWhere(glosson, true);
    assert.deepEqual([good.code, good.data?.problem], [0, null]);
    assert.equal((await shown(relay)).dataPath, "works");
    assert.equal((await run.stop()).code, 0);
  });
}
