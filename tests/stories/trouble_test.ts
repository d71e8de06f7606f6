import assert from "node:assert/strict";
import { startRelay } from "./relay.ts";

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
