import assert from "node:assert/strict";
import { endOf, type Ran, run } from "../../scripts/run.ts";
import { temporaryFolder } from "../certificate/helpers.ts";
import { glossond, glossondCommand } from "./admin_command.ts";
import { BASE, startRelay } from "./relay.ts";
import { signUp } from "./user.ts";

/** Somebody who is neither root nor the relay's user; needs no account. */
const STRANGER = 12_345;

/** What `serve` says when it does not start. */
async function failedStart(settings: Record<string, string>): Promise<Ran> {
  const ports = ["HUB", "DATA", "CONTROL", "PAGES", "ADMIN"].map((name) => [`${name}_PORT`, "0"]);
  const { STATE_DIR = "" } = settings;
  return await endOf(glossondCommand(STATE_DIR, ["serve"], {
    AUTHORITY: "local",
    ...Object.fromEntries(ports),
    ...settings,
  }));
}

Deno.test("who takes the admin port after kill -9 is asked for nothing, and told nothing", async () => {
  const dir = await Deno.makeTempDir({ prefix: "glossond-story-" });
  const first = await startRelay({ dir });
  await signUp(first, "kaylee");
  await first.stop("SIGKILL");
  assert.equal((await Deno.lstat(`${first.stateDir}/glossond.sock`)).isSocket, true);

  const asked: string[] = [];
  const impostor = Deno.serve(
    { hostname: "127.0.0.1", port: first.ports.admin!, onListen() {} },
    (request) => {
      asked.push(`${request.method} ${request.url} ${request.headers.get("Authorization")}`);
      return Response.json({ ready: true, users: {} });
    },
  );
  const status = await glossond(first.stateDir, "status");
  assert.equal(status.code, 1);
  assert.match(status.stderr, /no relay runs/);
  const block = await glossond(first.stateDir, "users", "block", "kaylee");
  assert.match(block.stdout, /no relay runs; its state was changed/);
  await impostor.shutdown();
  assert.deepEqual(asked, []);

  // What the killed one has left is no obstacle, and none of its successor's.
  await using relay = await startRelay({ dir });
  assert.equal((await glossond(relay.stateDir, "status")).code, 0);
  await relay.stop();
  await assert.rejects(Deno.lstat(`${relay.stateDir}/glossond.sock`), Deno.errors.NotFound);
});

Deno.test("commands are taken over the socket alone, which is its owner's", async () => {
  const dir = await Deno.makeTempDir({ prefix: "glossond-story-" });
  await Deno.mkdir(`${dir}/state`);
  // An earlier version's.
  for (const name of ["admin-token", "admin-address"]) {
    await Deno.writeTextFile(`${dir}/state/${name}`, "old");
  }
  const umask = Deno.umask(0);
  await using relay = await startRelay({ dir });
  Deno.umask(umask);
  const { stateDir } = relay;
  const modes = [stateDir, `${stateDir}/glossond.sock`].map((path) =>
    (Deno.lstatSync(path).mode! & 0o777).toString(8)
  );
  assert.deepEqual(modes, ["700", "600"]);
  const names = [...Deno.readDirSync(stateDir)].map(({ name }) => name);
  assert.deepEqual(names.filter((name) => name.startsWith("admin-")), []);
  for (const path of ["status", "users", "users/kaylee/block", "certificate/renew"]) {
    for (const method of ["GET", "POST"]) {
      const url = `http://127.0.0.1:${relay.ports.admin}/v1/${path}`;
      const answer = await fetch(url, { method });
      assert.equal(answer.status, 404);
      await answer.body?.cancel();
    }
  }
  assert.equal((await fetch(`http://127.0.0.1:${relay.ports.admin}/healthz`)).status, 200);
});

Deno.test({
  name: "nobody but root and the relay's user reaches the socket",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using relay = await startRelay();
    const socket = `${relay.stateDir}/glossond.sock`;
    // As if the folders above were open, and the socket's own permissions all there was.
    await Deno.chmod(relay.dir, 0o755);
    for (const mode of [0o700, 0o755]) {
      await Deno.chmod(relay.stateDir, mode);
      const { code, stderr } = await run("setpriv", [
        ...[`--reuid=${STRANGER}`, `--regid=${STRANGER}`, "--clear-groups"],
        ...["curl", "-sS", "--unix-socket", socket, "http://localhost/v1/users"],
      ]);
      assert.notEqual(code, 0);
      assert.match(stderr, /denied|connect/i);
    }
    await Deno.chmod(relay.stateDir, 0o700);
    assert.equal((await glossond(relay.stateDir, "users")).code, 0);
  },
});

Deno.test("a command trusts no socket in a folder that others can write to", async () => {
  await using folder = temporaryFolder();
  await Deno.chmod(folder.path, 0o777);
  let asked = 0;
  const impostor = Deno.serve({ path: `${folder.path}/glossond.sock`, onListen() {} }, () => {
    asked++;
    return Response.json({ ready: true });
  });
  const { code, stderr } = await glossond(folder.path, "status");
  await impostor.shutdown();
  assert.equal(code, 1);
  assert.match(stderr, /may be anybody's: \S+ is open to others; chmod 700 it/);
  assert.equal(asked, 0);
});

Deno.test("a state folder that is none is told with the fix", async () => {
  await using folder = temporaryFolder();
  const file = `${folder.path}/file`;
  await Deno.writeTextFile(file, "");
  for (const words of [["status"], ["users"], ["cert", "renew"]]) {
    const { code, stderr } = await endOf(
      glossondCommand(file, words, { SECRETS_FILE: `${folder.path}/no-secrets` }),
    );
    assert.equal(
      stderr,
      `glossond: ${file} is no folder; set GLOSSOND_STATE_DIR to the relay's state folder\n`,
    );
    assert.equal(code, 1);
  }
});

Deno.test("two relays do not run on one state folder", async () => {
  await using relay = await startRelay();
  const { code, stderr } = await failedStart({ STATE_DIR: relay.stateDir });
  assert.equal(code, 1);
  assert.match(
    stderr,
    /Another glossond runs on the state folder \S+ \(glossond status shows it\)/,
  );
  assert.equal((await glossond(relay.stateDir, "status")).code, 0);
});

Deno.test("a state folder whose path is too long for a socket is told with the fix", async () => {
  await using folder = temporaryFolder();
  const long = `${folder.path}/${"d".repeat(100)}`;
  await Deno.mkdir(long, { mode: 0o700 });
  await Deno.symlink(long, `${folder.path}/short`);
  for (const STATE_DIR of [long, `${folder.path}/short`]) {
    const { code, stderr } = await failedStart({ STATE_DIR });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /\.sock has a path of 1\d\d bytes and the system takes 10[37]: set/,
    );
    assert.match(stderr, /GLOSSOND_STATE_DIR to a folder with a shorter path, links resolved/);
  }
});

Deno.test("something else by the socket's name is told, and left alone", async () => {
  await using folder = temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/glossond.sock`, "a file");
  const { code, stderr } = await failedStart({ STATE_DIR: folder.path });
  assert.equal(code, 1);
  assert.match(
    stderr,
    /Cannot listen on \S+glossond\.sock: something else has its name; remove it/,
  );
  assert.equal(await Deno.readTextFile(`${folder.path}/glossond.sock`), "a file");
});

Deno.test("cert renew lets the running relay do it, whose settings the shell lacks", async () => {
  await using relay = await startRelay();
  const serial = async (): Promise<string> => {
    const at = `127.0.0.1:${relay.ports.hub}`;
    const script = 'openssl s_client -connect "$0" -servername "$1" | openssl x509 -noout -serial';
    const { stdout } = await run("sh", ["-c", script, at, BASE]);
    assert.match(stdout, /^serial=/);
    return stdout;
  };
  const before = await serial();
  const due = await glossond(relay.stateDir, "cert", "renew");
  assert.equal(due.code, 0, due.stderr);
  assert.match(due.stdout, /^= not due \(renewalDue: \S+, hint: --force renews all the same\)\n$/);
  assert.equal(await serial(), before);

  const forced = await glossond(relay.stateDir, "cert", "renew", "--force", "--json");
  assert.equal(forced.code, 0, forced.stderr);
  const lines = forced.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.equal(lines.at(-1).result, "renewed");
  assert.ok(lines.some(({ step }) => step === "certificate stored"));
  // Served by the end of the command, not some seconds later.
  assert.notEqual(await serial(), before);
});

Deno.test("cert caa says that the embedded authority needs no CAA records", async () => {
  await using relay = await startRelay();
  const command = glossondCommand(relay.stateDir, ["cert", "caa"], { AUTHORITY: "local" });
  const { code, stderr } = await endOf(command);
  assert.deepEqual([code, stderr], [
    2,
    "glossond: CAA records are for GLOSSOND_AUTHORITY=acme; local needs none\n",
  ]);
});
