import assert from "node:assert/strict";
import { BASE, type Relay, startAgain, startRelay } from "./relay.ts";
import {
  apiOf,
  connectControl,
  joinVisitors,
  serveUser,
  signUp,
  startPage,
  type User,
  visit,
} from "./user.ts";
import { glosson } from "../../scripts/demo/part.ts";

/** Visitors who come one after another, each as soon as the one before was served. */
const VISITORS = 3;

/** What a user's page says. */
const PAGE = "hello";

/** A client that comes back by itself, as PROTOCOL has it, but no sooner than is asked. */
async function persistentUser(relay: Relay, user: User): Promise<AsyncDisposable> {
  const page = await startPage(relay, user, () => new Response(PAGE));
  const over = new AbortController();
  const pause = (ms: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    over.signal.addEventListener("abort", () => resolve(clearTimeout(timer)), { once: true });
    return promise;
  };
  async function stay(): Promise<void> {
    for (let failures = 0; !over.signal.aborted;) {
      try {
        await using online = await joinVisitors(relay, user, page.port);
        failures = 0;
        await Promise.race([
          online.link.closed,
          new Promise((resolve) => over.signal.addEventListener("abort", resolve)),
        ]);
      } catch {
        failures++;
      }
      await pause(Math.random() * Math.min(4_000, 500 * 2 ** failures));
    }
  }
  const staying = stay();
  return {
    async [Symbol.asyncDispose]() {
      over.abort();
      await staying;
      await page[Symbol.asyncDispose]();
    },
  };
}

/** What visitors got, by status and page; `none` for a relay that could not be reached. */
class Visitors {
  readonly got = new Map<string, number>();
  #over = false;
  readonly #visiting: Promise<unknown>;

  constructor(relay: Relay, hostname: string) {
    this.#visiting = Promise.all(Array.from({ length: VISITORS }, async () => {
      while (!this.#over) {
        const what = await visit(relay, hostname).then(
          (page) =>
            page.body === PAGE ? "served" : `${page.status} ${page.headers.get("Glosson-Page")}`,
          () => "none",
        );
        this.got.set(what, (this.got.get(what) ?? 0) + 1);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }));
  }

  /** Resolves once so many more were served. */
  async served(more: number): Promise<void> {
    const enough = (this.got.get("served") ?? 0) + more;
    while ((this.got.get("served") ?? 0) < enough) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async end(): Promise<Record<string, number>> {
    this.#over = true;
    await this.#visiting;
    return Object.fromEntries(this.got);
  }
}

for (const signal of ["SIGTERM", "SIGKILL"] as const) {
  Deno.test(`a restart by ${signal} is no absence: no visitor gets the offline page`, async () => {
    const dir = await Deno.makeTempDir({ prefix: "glossond-story-" });
    const options = { dir, settings: { LOG_LEVEL: "info" } };
    let relay = await startRelay(options);
    await Deno.mkdir(`${dir}/page`);
    await Deno.writeTextFile(`${dir}/page/index.html`, PAGE);
    // The reference client, and one that is made of the protocol.
    const caFile = `${relay.stateDir}/local-ca.pem`;
    const program = await glosson(dir, { ports: relay.ports, caFile }, {
      args: ["--dir", `${dir}/page`],
    });
    const simon = await signUp(relay, "simon");
    const byHand = await persistentUser(relay, simon);
    await relay.logged("client online", { username: "simon" });
    const visitors = [
      new Visitors(relay, simon.hostname),
      new Visitors(relay, `kaylee.${BASE}`),
    ];
    try {
      for (let round = 0; round < 2; round++) {
        await Promise.all(visitors.map((v) => v.served(50)));
        await relay.stop(signal);
        relay = await startAgain(relay, options);
        await Promise.all(visitors.map((v) => v.served(50)));
      }
    } finally {
      const got = await Promise.all(visitors.map((v) => v.end()));
      await byHand[Symbol.asyncDispose]();
      await program.stop();
      await relay[Symbol.asyncDispose]();
      for (const seen of got) {
        // None: between stop and start nobody listens. Restarting: the stop met a waiting visitor.
        const { served = 0, none: _none, "503 restarting": _restarting, ...others } = seen;
        assert.ok(served >= 200, JSON.stringify(seen));
        assert.deepEqual(others, {}, JSON.stringify(seen));
      }
    }
  });
}

/** How long visitors wait who wait, at least, milliseconds. */
const GRACE_MS = 4_500;

Deno.test("after a start visitors wait for who was online at the stop, and for nobody else", async () => {
  const dir = await Deno.makeTempDir({ prefix: "glossond-story-" });
  let relay = await startRelay({ dir, settings: { NAME_REST_DAYS: "0" } });
  const online = await signUp(relay, "kaylee");
  const released = await signUp(relay, "simon");
  const never = await signUp(relay, "inara");
  const _link = await connectControl(relay, online);
  await connectControl(relay, released);
  {
    const api = apiOf(relay);
    using _client = api.client;
    await api.request("DELETE", "/v1/account", { token: released.token });
  }
  const again = await signUp(relay, "simon");
  // Twice: who has not come back yet is awaited after a second crash, too.
  for (let crash = 0; crash < 2; crash++) {
    await relay.stop("SIGKILL");
    relay = await startAgain(relay, { dir });
  }
  await using _last = relay;
  for (const user of [again, never]) {
    const began = performance.now();
    assert.equal((await visit(relay, user.hostname)).headers.get("Glosson-Page"), "setup");
    assert.ok(performance.now() - began < GRACE_MS);
  }
  const began = performance.now();
  assert.equal((await visit(relay, online.hostname)).headers.get("Glosson-Page"), "offline");
  const waited = performance.now() - began;
  assert.ok(waited > GRACE_MS, `${waited} ms`);
});

Deno.test("who came online in the moment before a relay was killed is awaited, however many came at once", async () => {
  const dir = await Deno.makeTempDir({ prefix: "glossond-story-" });
  let relay = await startRelay({ dir });
  const users: User[] = [];
  for (const name of ["kaylee", "simon", "inara", "zoe"]) users.push(await signUp(relay, name));
  for (let crash = 0; crash < 3; crash++) {
    for (const user of users) await connectControl(relay, user);
    await relay.stop("SIGKILL");
    relay = await startAgain(relay, { dir });
    // All come at once; none of them is here, and each is waited for.
    const visits = users.map((user) => visit(relay, user.hostname));
    const pages = await Promise.all(
      users.map((user) => serveUser(relay, user, () => new Response(PAGE))),
    );
    for (const { status, body } of await Promise.all(visits)) {
      assert.deepEqual([status, body], [200, PAGE]);
    }
    for (const page of pages) await page[Symbol.asyncDispose]();
  }
  await relay[Symbol.asyncDispose]();
});
