import assert from "node:assert/strict";
import { BASE, type Relay, startRelay } from "./relay.ts";
import { apiOf, signUp, visit } from "./user.ts";

/** Sends SIGHUP and waits for the line that tells what came of it. */
async function reload(relay: Relay, message: string): Promise<Record<string, unknown>[]> {
  const before = relay.lines.length;
  Deno.kill(relay.pid, "SIGHUP");
  for (let tries = 0; tries < 500; tries++) {
    const since = relay.lines.slice(before);
    if (since.some((line) => line.message === message)) return since;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`No ${message} in ${JSON.stringify(relay.lines.slice(before))}`);
}

Deno.test("SIGHUP takes over what can change, names what cannot, and nothing of a broken file", async () => {
  const dir = await Deno.makeTempDir({ prefix: "glossond-story-" });
  const file = `${dir}/settings`;
  await Deno.writeTextFile(file, "GLOSSOND_CONTACT=old@example.org\nGLOSSOND_MAX_CLIENTS=100\n");
  await Deno.writeTextFile(`${dir}/.secrets`, "POWERDNS_API_KEY=secret-one\n");
  await using relay = await startRelay({ dir, settings: { SETTINGS_FILE: file } });
  const contact = async (): Promise<string | undefined> =>
    /(?:old|new|broken)@example\.org/.exec((await visit(relay, BASE)).body)?.[0];
  assert.equal(await contact(), "old@example.org");
  await reload(relay, "settings read again, nothing is different");

  await Deno.writeTextFile(file, "GLOSSOND_CONTACT=new@example.org\nGLOSSOND_MAX_CLIENTS=200\n");
  await Deno.writeTextFile(`${dir}/.secrets`, "POWERDNS_API_KEY=secret-two\n");
  const since = await reload(relay, "setting changes at the next restart only");
  const waiting = since.find((line) => line.level === "warn")!;
  assert.deepEqual([waiting.setting, waiting.from, waiting.to], [
    "GLOSSOND_MAX_CLIENTS",
    100,
    200,
  ]);
  const changed = since.filter((line) => line.message === "setting changed");
  assert.deepEqual(changed.map((line) => line.setting), [
    "GLOSSOND_CONTACT",
    "GLOSSOND_POWERDNS_API_KEY",
  ]);
  assert.equal(await contact(), "new@example.org");
  assert.doesNotMatch(JSON.stringify(relay.lines), /secret-(?:one|two)/);

  const refused = "settings not taken, the old ones hold";
  const broken = "GLOSSOND_CONTACT=broken@example.org\n";
  for (const more of ["GLOSSOND_MAX_CLIENTS=x\n", "GLOSSOND_CONTAKT=x\n", "oops\n"]) {
    await Deno.writeTextFile(file, broken + more);
    await reload(relay, refused);
    assert.equal(await contact(), "new@example.org");
  }
  await Deno.remove(file);
  const [gone] = (await reload(relay, refused)).filter((line) => line.message === refused);
  assert.match(String(gone?.problem), /Cannot read the settings file/);
  assert.equal(await contact(), "new@example.org");

  await Deno.writeTextFile(file, "GLOSSOND_CONTACT=old@example.org\n");
  await reload(relay, "setting changed");
  assert.equal(await contact(), "old@example.org");
});

Deno.test("the operator adds reserved names by SIGHUP, and who has one keeps it", async () => {
  const dir = await Deno.makeTempDir({ prefix: "glossond-story-" });
  const [settings, names] = [`${dir}/settings`, `${dir}/names`];
  await Deno.writeTextFile(names, "# the crew\nmal, Zoe\n");
  await Deno.writeTextFile(settings, `GLOSSOND_RESERVED_NAMES=${names}\n`);
  await using relay = await startRelay({ dir, settings: { SETTINGS_FILE: settings } });
  const api = apiOf(relay);
  using _client = api.client;
  const claim = async (username: string): Promise<number> =>
    (await api.request("POST", "/v1/claims", { body: { username } })).status;
  assert.deepEqual(await Promise.all(["mal", "zoe", "pki", "mals"].map(claim)), [
    403,
    403,
    403,
    201,
  ]);
  await signUp(relay, "kaylee");

  // The file alone has changed.
  await Deno.writeTextFile(names, "kaylee\nwash # the pilot\n");
  const changed = "reserved names changed";
  const line = (await reload(relay, changed)).find(({ message }) => message === changed);
  assert.deepEqual([line?.added, line?.dropped], [2, 2]);
  assert.deepEqual(await Promise.all(["mal", "wash"].map(claim)), [201, 403]);
  await signUp(relay, "kaylee");

  await Deno.writeTextFile(names, "mal\nno/name\n");
  const notTaken = "reserved names not taken, the old ones hold";
  const refused = (await reload(relay, notTaken)).find(({ message }) => message === notTaken);
  assert.match(String(refused?.error), /names, holds "no\/name", not a name/);
  assert.equal(await claim("wash"), 403);

  await Deno.writeTextFile(settings, "GLOSSOND_RESERVED_NAMES=book shepherd\n");
  await reload(relay, changed);
  assert.deepEqual(await Promise.all(["book", "shepherd", "wash"].map(claim)), [403, 403, 201]);
});
