import assert from "node:assert/strict";
import { until } from "../certificate/helpers.ts";
import { grantToken } from "../store/grant_token.ts";
import { glossondCommand } from "../stories/admin_command.ts";
import { setUpGlosson } from "../stories/glosson.ts";
import { BASE, type Relay } from "../stories/relay.ts";
import {
  connectControl,
  joinVisitors,
  serveUser,
  signUp,
  startPage,
  type User,
  visit,
} from "../stories/user.ts";
import { loadConfig } from "../../lib/config/load.ts";
import type { Finding } from "../../lib/doctor/finding.ts";
import { checkPeers } from "../../lib/doctor/peers.ts";
import { openPostgres } from "../../lib/store/postgres/open.ts";
import { VERSION } from "../../lib/version.ts";
import { parsePostgresUrl } from "../../lib/wire/postgres_url.ts";
import { betweenRelays, hopBytes, stay } from "./cluster/bystander.ts";
import { type Relays, startRelays, statusAt, throughFront } from "./cluster/relays.ts";

const IDS = ["a", "b", "c"] as const;

/** Users at each relay, besides the one of the reference client: some 50 in all. */
const PLAIN = 16;

/** How the last visitor of a relay ended. */
function lastOutcome({ lines }: Relay): unknown {
  return lines.findLast(({ message, listener }) =>
    message === "visitor's connection ended" && listener === "hub"
  )?.outcome;
}

/** What `glossond status --json` tells of a relay's others. */
async function clusterOf(relay: Relay) {
  const { stdout } = await glossondCommand(relay.stateDir, ["status", "--json"]).output();
  return JSON.parse(new TextDecoder().decode(stdout)).cluster;
}

/** What doctor finds of the other relays where one runs. */
async function doctorAt(id: string, database: Relays["database"]): Promise<Finding[]> {
  const env = { GLOSSOND_RELAY_ID: id, GLOSSOND_DATABASE_URL: database.urlOf("test1") };
  return await checkPeers(loadConfig({ dev: true, env }).settings!);
}

/** Users at each relay, the reference client's first: their names, by the relay. */
interface World {
  relays: Relays;
  at: Record<string, User[]>;
  ca: string;
}

/** Starts relays with a reference client and plain ones at each. */
async function settle(stack: AsyncDisposableStack): Promise<World> {
  const relays = stack.use(await startRelays(IDS));
  const address = parsePostgresUrl(relays.database.urlOf("test1"));
  const store = await openPostgres({ address });
  stack.defer(() => store.close());
  const at: World["at"] = {};
  await Promise.all(IDS.map(async (id) => {
    const relay = relays.all[id]!;
    const username = `ref-${id}`;
    const url = `https://localhost:${relays.front.control[id]}`;
    const glosson = stack.use(await setUpGlosson(relay, username, { url }));
    await glosson.run().said(/Online/);
    at[id] = [{ username, hostname: `${username}.${BASE}`, token: "" }];
    for (let i = 0; i < PLAIN; i++) {
      const username = `${id}-user${i}`;
      // Programs that read 48 profiles would take longer than all the rest.
      const token = await grantToken(store, username);
      const user = { username, hostname: `${username}.${BASE}`, token };
      stack.use(await serveUser(relay, user, () => new Response(user.username), "http/1.1"));
      at[id]!.push(user);
    }
  }));
  return { relays, at, ca: relays.all.a!.ca };
}

Deno.test("three relays serve one BASE over PostgreSQL, behind HAProxy", async (t) => {
  await using stack = new AsyncDisposableStack();
  const { relays, at, ca } = await settle(stack);
  const { all, database } = relays;
  const everyone = Object.values(at).flat();
  const [a, b] = [all.a!, all.b!];
  let c = all.c!;

  await t.step("pages of all users come from every relay", async () => {
    await Promise.all([a, b, c].map(async (relay) => {
      for (const user of everyone) assert.equal(await statusAt(relay, user.hostname), 200);
    }));
    const front = throughFront(all.a!, {
      hub: relays.front.visitors,
      control: relays.front.control.a!,
    });
    for (let i = 0; i < 6; i++) assert.equal(await statusAt(front, at.a![0]!.hostname), 200);
  });

  await t.step("later visitors at another relay meet a parked connection of its own", async () => {
    for (const relay of [b, c]) {
      await until(async () => {
        assert.equal(await statusAt(relay, at.a![0]!.hostname), 200);
        return lastOutcome(relay) === "parked";
      }, "a parked connection");
    }
  });

  await t.step(
    "no byte of a visitor passes a second relay, but for a client that errs",
    async () => {
      using _guests = new DisposableStack();
      for (const relay of [a, b, c]) {
        for (const id of IDS) _guests.use(await stay(relay, at[id]![0]!.hostname, ca));
      }
      assert.deepEqual(await betweenRelays([a, b, c]), []);
      assert.deepEqual(await Promise.all([a, b, c].map(hopBytes)), [0, 0, 0]);

      const erring = await signUp(a, "erring");
      await using page = await startPage(a, erring, () => new Response("erring"), "http/1.1");
      await using _online = await joinVisitors(a, erring, page.port, { minds: false });
      await until(async () => await statusAt(b, erring.hostname) === 200, "it is known at b");
      {
        using _guest = await stay(b, erring.hostname, ca);
        const hops = await betweenRelays([a, b, c]);
        assert.deepEqual(hops.filter(({ pid }) => pid === a.pid).map(({ ports }) => ports[1]), [
          b.ports.data,
        ]);
      }
      await until(async () => await hopBytes(a) > 0, "bytes of a hop");
    },
  );

  await t.step("a newer session at another relay ends the older one", async () => {
    const user = await signUp(a, "twice");
    await using older = await connectControl(a, user);
    await using _newer = await connectControl(b, user);
    assert.equal((await older.next("goodbye")).reason, "replaced");
    assert.equal((await older.closed).code, 4409);
  });

  await t.step("what one relay does all know within a second", async () => {
    const user = await signUp(a, "blocked");
    await using link = await connectControl(a, user);
    await until(
      async () => (await clusterOf(b)).elsewhere === at.a!.length + at.c!.length + 1,
      "it",
    );
    const block = ["users", "block", "blocked", "--reason", "a test"];
    const { code, stderr } = await glossondCommand(b.stateDir, block).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    assert.equal((await link.next("goodbye")).reason, "revoked");
    const [there, here] = await Promise.all([
      b.logged("name blocked", { username: "blocked" }),
      a.logged("client offline", { username: "blocked" }),
    ]);
    const ms = Date.parse(String(here.time)) - Date.parse(String(there.time));
    assert.ok(ms < 1_000, `${ms} ms`);
    assert.equal(await statusAt(c, user.hostname), 451);
    Deno.kill(a.pid, "SIGHUP");
    await Promise.all(
      [b, c].map((relay) => relay.logged("settings read again, nothing is different")),
    );
  });

  await t.step("status tells of all relays", async () => {
    const { id, fault, relays: views } = await clusterOf(b);
    assert.deepEqual([id, fault], ["b", null]);
    assert.deepEqual(
      views.map(({ id, alive, version }: Record<string, unknown>) => [id, alive, version]),
      IDS.map((id) => [id, true, VERSION]),
    );
    const { stdout } = await glossondCommand(b.stateDir, ["status"]).output();
    assert.match(new TextDecoder().decode(stdout), /this one is b; \d+ users elsewhere/);
  });

  await t.step("doctor looks at each other relay", async () => {
    const found = await doctorAt("b", database);
    assert.deepEqual(found.map(({ check, state }) => [check, state]), [
      ["relay a", "ok"],
      ["relay c", "ok"],
    ]);
    assert.match(found[0]!.detail, new RegExp(`is alive, and .*:${a.ports.data} answers`));
  });

  await t.step("who is online stays so while the database is away, and it heals", async () => {
    using guest = await stay(b, at.a![0]!.hostname, ca);
    await database.stop();
    await until(async () => (await clusterOf(a)).fault !== null, "a fault");
    assert.equal(await guest.ask(), 200, "joined visitors stay");
    assert.equal(await statusAt(a, at.a![0]!.hostname), 200, "at home all is as before");
    assert.equal(await statusAt(b, at.a![0]!.hostname), 200, "elsewhere by what is parked");
    await database.resume();
    await until(async () => (await clusterOf(a)).fault === null, "the end of the fault");
    const user = await signUp(c, "late");
    await using _late = await serveUser(c, user, () => new Response("late"), "http/1.1");
    await until(async () => await statusAt(a, user.hostname) === 200, "a page at another relay");
    assert.equal(await guest.ask(), 200);
  });

  await t.step("a relay takes another's place, and its users are met from all", async () => {
    const before = c;
    c = await relays.start("c", true);
    for (const relay of [a, b, c]) {
      await until(async () => await statusAt(relay, at.c![0]!.hostname) === 200, "the page");
    }
    await before.readerGone;
    assert.ok(
      !before.lines.some(({ message }) => message === "another process has this relay's id"),
    );
    assert.deepEqual((await clusterOf(a)).relays.map(({ id }: { id: string }) => id), [...IDS]);
  });

  await t.step("a relay that was stopped for a while learns that it lost", async () => {
    const user = at.b![1]!;
    const before = b.lines.length;
    using _resumed = { [Symbol.dispose]: () => Deno.kill(b.pid, "SIGCONT") };
    Deno.kill(b.pid, "SIGSTOP");
    await until(
      async () => (await clusterOf(a)).relays.some((one: { alive: boolean }) => !one.alive),
      "its death is known",
      20_000,
    );
    const [dead] = await doctorAt("a", database);
    assert.match(
      `${dead!.check} ${dead!.detail}`,
      /^relay b is not alive: it was last heard 1\d s/,
    );
    await using _newer = await serveUser(a, user, () => new Response("newer"), "http/1.1");
    assert.equal((await visit({ ...c, ca }, user.hostname)).body, "newer");
    Deno.kill(b.pid, "SIGCONT");
    await b.logged("the other relays took this one for dead: it tells them again who is here");
    await until(
      () =>
        b.lines.slice(before).some(({ message, username, code }) =>
          message === "client offline" && username === user.username && code === 4409
        ),
      "the older session's end",
    );
    for (const relay of [a, b, c]) {
      assert.equal((await visit({ ...relay, ca }, user.hostname)).body, "newer");
      for (const other of [at.b![0]!, at.b![2]!]) {
        await until(async () => await statusAt(relay, other.hostname) === 200, "the others' pages");
      }
    }
  });

  await t.step(
    "users of a relay that is killed are back within 15 s, and nobody else notices",
    async () => {
      using guest = await stay(a, at.b![0]!.hostname, ca);
      const user = at.c![0]!;
      await c.stop("SIGKILL");
      for (const relay of [a, b]) {
        await until(
          async () => {
            assert.equal(await guest.ask(), 200);
            // Who comes in the moment of the end meets a client that lets go.
            return await statusAt(relay, user.hostname).catch(() => undefined) === 200;
          },
          "the page at a relay that is left",
          15_000,
        );
      }
    },
  );
});
