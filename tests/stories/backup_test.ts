import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { openStore } from "../../lib/store/open.ts";
import { until } from "../certificate/helpers.ts";
import { glossond, glossondCommand } from "./admin_command.ts";
import { startRelay } from "./relay.ts";
import { apiOf, getCertificate, signUp } from "./user.ts";

/** A folder that goes with the test. */
async function folder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir({ prefix: "glossond-backup-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Files below a folder, and who may do what with them. */
function modesIn(path: string, prefix = ""): Record<string, string> {
  return Object.fromEntries(
    [...Deno.readDirSync(path)].flatMap(({ name, isDirectory }) => {
      const { mode, uid } = Deno.lstatSync(`${path}/${name}`);
      const inside = isDirectory ? modesIn(`${path}/${name}`, `${prefix}${name}/`) : {};
      return [[prefix + name, `${(mode! & 0o777).toString(8)} ${uid}`], ...Object.entries(inside)];
    }),
  );
}

Deno.test("a relay is backed up while it runs, and goes on in another folder", async () => {
  await using dir = await folder();
  const file = `${dir.path}/relay.backup`;
  let token: string;
  let chain: string;
  let ca: string;
  {
    await using relay = await startRelay();
    const user = await signUp(relay, "kaylee");
    token = user.token;
    ca = relay.ca;
    chain = (await getCertificate(relay, user)).cert;
    assert.equal((await glossond(relay.stateDir, "users", "block", "zoe")).code, 0);
    const { code, stdout, stderr } = await glossond(relay.stateDir, "backup", file);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /relay\.backup: \d+ bytes/);
    assert.equal(Deno.statSync(file).mode! & 0o777, 0o600);
    const left = [...Deno.readDirSync(relay.stateDir)].map(({ name }) => name);
    assert.deepEqual(left.filter((name) => name.endsWith(".tmp")), []);

    const twice = await glossond(relay.stateDir, "backup", file);
    assert.deepEqual([twice.code, /is there already/.test(twice.stderr)], [1, true]);
    const onto = await glossond(relay.stateDir, "restore", file);
    assert.deepEqual([onto.code, /A relay runs on/.test(onto.stderr)], [1, true]);
  }
  const restored = await glossond(`${dir.path}/home/state`, "restore", file);
  assert.equal(restored.code, 0, restored.stderr);
  for (const [name, mode] of Object.entries(modesIn(`${dir.path}/home/state`))) {
    assert.equal(mode, `600 ${Deno.uid()}`, name);
  }

  const acts = await glossond(`${dir.path}/home/state`, "users", "log", "--json");
  assert.deepEqual(
    JSON.parse(acts.stdout).map((act: Record<string, unknown>) => [act.act, act.username, act.uid]),
    [["block", "zoe", Deno.uid()], ["restore", null, Deno.uid()]],
  );
  // Of a back-up that was killed.
  const left = `${dir.path}/home/state/backup-${crypto.randomUUID()}.tmp`;
  await Deno.mkdir(left);
  await Deno.writeTextFile(`${left}/copy`, "half a copy");
  await using relay = await startRelay({ dir: `${dir.path}/home` });
  assert.equal(await Deno.stat(left).catch((error) => error.name), "NotFound");
  assert.equal(await Deno.readTextFile(`${dir.path}/home/state/local-ca.pem`), ca);
  const api = apiOf({ ...relay, ca });
  using _client = api.client;
  const { status, body } = await api.request("GET", "/v1/account", { token });
  assert.equal(status, 200);
  assert.equal(
    Date.parse(body.certificate.notAfter) > Date.now(),
    true,
    "the certificate is known",
  );
  assert.ok(chain.includes("BEGIN CERTIFICATE"));
  const zoe = await glossond(`${dir.path}/home/state`, "users", "show", "zoe", "--json");
  assert.notEqual(JSON.parse(zoe.stdout).blockedAt, null);
});

Deno.test("a back-up that is stopped leaves no part of it", async () => {
  await using dir = await folder();
  const endless = (): Response =>
    new Response(new ReadableStream({ start: (c) => c.enqueue(new Uint8Array(1_000)) }));
  const relay = Deno.serve(
    { path: `${dir.path}/glossond.sock`, onListen() {} },
    ({ url }) => url.endsWith("/v1/backup") ? endless() : Response.json({}),
  );
  const file = `${dir.path}/copy`;
  const command = glossondCommand(dir.path, ["backup", file]).spawn();
  const size = () => Deno.stat(file).then(({ size }) => size, () => 0);
  await until(async () => await size() > 0, "a part of it is there");
  command.kill("SIGINT");
  const { code, stderr } = await command.output();
  assert.equal(code, 1);
  assert.equal(
    new TextDecoder().decode(stderr),
    `glossond: Cannot back up to ${file}: stopped by SIGINT\n`,
  );
  await assert.rejects(Deno.stat(file), Deno.errors.NotFound);
  await relay.shutdown();
});

Deno.test("a back-up of a relay that does not run is stopped while its database is copied", async () => {
  await using dir = await folder();
  const state = `${dir.path}/state`;
  await Deno.mkdir(state, { mode: 0o700 });
  await (await openStore({ stateDir: state })).close();
  // Who lets nobody read is waited for in the midst of the copy, longer than this may take.
  using other = new DatabaseSync(`${state}/glossond.sqlite`);
  other.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE mine (id INT)");
  const file = `${dir.path}/copy`;
  const command = glossondCommand(state, ["backup", file]).spawn();
  const namesIn = (path: string): string[] => [...Deno.readDirSync(path)].map(({ name }) => name);
  const work = (): string | undefined => namesIn(state).find((name) => name.startsWith("backup-"));
  const isCopying = (): boolean => namesIn(`${state}/${work() ?? ""}`).includes("copy");
  await until(isCopying, "it copies");
  const signalledAt = performance.now();
  command.kill("SIGTERM");
  const { code, stderr } = await command.output();
  assert.ok(performance.now() - signalledAt < 2_500, "it ends soon");
  assert.equal(code, 1);
  assert.equal(
    new TextDecoder().decode(stderr),
    `glossond: Cannot back up to ${file}: stopped by SIGTERM\n`,
  );
  await assert.rejects(Deno.stat(file), Deno.errors.NotFound);
  assert.equal(work(), undefined);
});

Deno.test("a relay that does not run is backed up, and what is no back-up is refused", async () => {
  await using dir = await folder();
  const file = `${dir.path}/relay.backup`;
  const relay = await startRelay();
  await signUp(relay, "kaylee");
  await relay.stop("SIGKILL");
  assert.equal((await glossond(relay.stateDir, "backup", file)).code, 0);
  await relay[Symbol.asyncDispose]();

  const damaged = await Deno.readFile(file);
  damaged.fill(7, 4096, 12_288);
  await Deno.writeFile(`${dir.path}/damaged`, damaged);
  await Deno.writeTextFile(`${dir.path}/text`, "no database at all");
  for (
    const [name, sql] of [
      ["outside", "UPDATE sqlar SET name = '../evil' WHERE name = 'local-ca.pem'"],
      ["newer", "PRAGMA user_version = 999"],
      ["bare", "DROP TABLE sqlar"],
      // It could not be noted that it was restored.
      ["noteless", "DROP TABLE act"],
    ] as const
  ) {
    await Deno.copyFile(file, `${dir.path}/${name}`);
    using db = new DatabaseSync(`${dir.path}/${name}`);
    db.exec(sql);
  }
  const state = `${dir.path}/state`;
  for (const name of ["damaged", "text", "outside", "newer", "bare", "noteless"]) {
    const { code, stderr } = await glossond(state, "restore", `${dir.path}/${name}`);
    assert.equal(code, 1, name);
    assert.match(stderr, new RegExp(`Cannot restore ${dir.path}/${name}: `), name);
    assert.deepEqual([...Deno.readDirSync(state)].map(({ name }) => name), ["state.lock"], name);
  }
  await Deno.writeTextFile(`${state}/note`, "mine");
  const full = await glossond(state, "restore", file);
  assert.deepEqual([full.code, /is not empty/.test(full.stderr)], [1, true]);
  assert.equal(await Deno.readTextFile(`${state}/note`), "mine");
  await Deno.remove(`${state}/note`);
  if (Deno.uid() === 0) {
    for (const path of [state, `${state}/state.lock`]) await Deno.chown(path, 1234, 1234);
  }
  await Deno.chmod(dir.path, 0o755);
  assert.equal((await glossond(state, "restore", file)).code, 0);
  const owner = Deno.uid() === 0 ? 1234 : Deno.uid();
  for (const [name, mode] of Object.entries(modesIn(state))) {
    assert.equal(mode, `600 ${owner}`, name);
  }
  for (const words of [["backup"], ["restore"], ["backup", "a", "b"]]) {
    assert.equal((await glossond(state, ...words)).code, 2);
  }
  const absent = await glossond(state, "restore", `${dir.path}/absent`);
  assert.match(absent.stderr, /Cannot read .*absent/);
});
