import assert from "node:assert/strict";
import { usageOf } from "../../scripts/bench/usage.ts";
import { must } from "../../scripts/run.ts";
import { type Relay, startRelay } from "./relay.ts";

/** More than any disk has free. */
const TOO_MUCH = "1000000000";

/** Writes what it is told into a file beside it; fails the first time. */
const PROGRAM = `import os, sys
first = os.path.dirname(__file__) + "/first"
if not os.path.exists(first):
    open(first, "w").close()
    sys.exit("not yet")
open(os.path.dirname(__file__) + "/told", "a").write(sys.argv[1] + " " + ",".join(sorted(os.environ)) + "\\n")
`;

Deno.test("a webhook hears of trouble and of its end, and its URL stands in no log", async () => {
  const heard: Record<string, string>[] = [];
  let arrived = Promise.withResolvers<void>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    assert.equal(new URL(request.url).pathname, "/hook/very-secret");
    heard.push(await request.json());
    arrived.resolve();
    return new Response();
  });
  const dir = await Deno.makeTempDir({ prefix: "glossond-story-" });
  const file = `${dir}/settings`;
  await Deno.writeTextFile(file, `GLOSSOND_MIN_FREE_MIB=${TOO_MUCH}\n`);
  await Deno.writeTextFile(
    `${dir}/.secrets`,
    `ON_TROUBLE=http://127.0.0.1:${server.addr.port}/hook/very-secret\n`,
  );
  {
    await using relay = await startRelay({ dir, settings: { SETTINGS_FILE: file } });
    await arrived.promise;
    arrived = Promise.withResolvers();
    await Deno.writeTextFile(file, "GLOSSOND_MIN_FREE_MIB=0\n");
    Deno.kill(relay.pid, "SIGHUP");
    await arrived.promise;
    const [begun, over] = heard;
    assert.deepEqual([begun!.state, begun!.kind, begun!.relay], [
      "begun",
      "disk-low",
      "glosson.localhost",
    ]);
    assert.match(begun!.detail!, /MiB are free on the disk of .*less than 1000000000/);
    assert.deepEqual([over!.state, over!.since], ["over", begun!.since]);
    await relay.logged("trouble is over", { kind: "disk-low" });
    assert.doesNotMatch(JSON.stringify(relay.lines), /very-secret/);
  }
  await server.shutdown();
});

Deno.test("a program hears of trouble in the sandbox of the bio script, again when it failed", async () => {
  const dir = await Deno.makeTempDir({ prefix: "glossond-story-" });
  await Deno.writeTextFile(`${dir}/on_trouble.py`, PROGRAM);
  await using relay = await startRelay({
    dir,
    settings: { MIN_FREE_MIB: TOO_MUCH, ON_TROUBLE: `${dir}/on_trouble.py` },
  });
  const failed = await relay.logged("trouble could not be told; it is tried again");
  assert.match(String(failed.error), /on_trouble\.py did not end well: not yet/);
  // Each reload looks at once.
  Deno.kill(relay.pid, "SIGHUP");
  let told = "";
  while (!told.endsWith("\n")) {
    told = await Deno.readTextFile(`${dir}/told`).catch(() => "");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const [, notice = "", names] = /^(\{.*\}) (\S+)\n$/.exec(told) ?? [];
  assert.equal(JSON.parse(notice).kind, "disk-low");
  assert.equal(names, "LANG,PATH");
});

/** Notices of a relay, which is told to look by a reload. */
function webhook() {
  const heard: Record<string, string>[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    heard.push(await request.json());
    return new Response();
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    /** The next notice; each reload looks at once. */
    async next(relay: Relay): Promise<string> {
      for (let told = heard.shift();; told = heard.shift()) {
        if (told !== undefined) return `${told.state} ${told.kind}`;
        Deno.kill(relay.pid, "SIGHUP");
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test({
  name: "a relay whose descriptors ran out tells so, and when nobody is turned away any more",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using hook = webhook();
    await using relay = await startRelay({ settings: { ON_TROUBLE: hook.url } });
    const limit = (soft: number): Promise<string> =>
      must("prlimit", ["--pid", String(relay.pid), `--nofile=${soft}:`]);
    // Deno ends where it has no descriptor for the first module that it transpiles: not what is looked at here.
    await relay.logged("what orders is loaded");
    await limit(usageOf([relay.pid]).descriptors);
    using _visitor = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports.hub! });
    await relay.logged("cannot accept connections, trying again", { listener: "hub" });
    await limit(1024);
    assert.equal(await hook.next(relay), "begun descriptors");
    assert.equal(await hook.next(relay), "over descriptors");
  },
});
