import assert from "node:assert/strict";
import { must, run } from "../../scripts/run.ts";
import { temporaryFolder } from "../certificate/helpers.ts";
import { glossond } from "../stories/admin_command.ts";
import { setUpGlosson } from "../stories/glosson.ts";
import { ROOT, startRelay } from "../stories/relay.ts";
import { HOST } from "../stories/staying_visitor.ts";
import { visit } from "../stories/user.ts";

/** Looks for trouble on a folder whose disk is full, and again when there is room. */
const PROGRAM = `
import { createTroubleLook } from ${
  JSON.stringify(import.meta.resolve("../../lib/daemon/trouble.ts"))
};
const [stateDir] = Deno.args;
const certificate = { status: () => ({ failures: 0, selfSigned: true }) };
const servers = { figures: () => [] };
const settings = { stateDir, minFreeMib: 1 };
const look = createTroubleLook(settings, { certificate, servers });
const kinds = async () => (await look()).map(({ kind }) => kind);
const full = await kinds();
Deno.truncateSync(stateDir + "/fill", 1_600_000);
const low = await kinds();
Deno.removeSync(stateDir + "/fill");
console.log(JSON.stringify([full, low, await kinds()]));
`;

Deno.test("a full disk is told as such, one that is nearly full as low, and one with room as nothing", async () => {
  await using stack = new AsyncDisposableStack();
  const dir = await Deno.makeTempDir({ prefix: "glossond-full-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const script = 'mount -t tmpfs -o size=2m tmpfs "$0"; cat /dev/zero > "$0/fill" 2>/dev/null; ' +
    'exec "$@"';
  const program = `data:application/typescript,${encodeURIComponent(PROGRAM)}`;
  const options = ["-A", "--quiet", "--no-check", "--config", `${ROOT}deno.json`];
  const look = [Deno.execPath(), "run", ...options, program, dir];
  const told = await must("unshare", ["--mount", "sh", "-c", script, dir, ...look]);
  assert.deepEqual(JSON.parse(told), [["state-unwritable"], ["disk-low"], []]);
});

/** Room for a relay's state, of which nothing is left once the rest is filled. */
const DISK = "size=8m";

Deno.test("a relay whose disk is full has its place taken all the same, and its users are visited", async () => {
  await using stack = new AsyncDisposableStack();
  const dir = await Deno.makeTempDir({ prefix: "glossond-full-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  await must("mount", ["-t", "tmpfs", "-o", DISK, "tmpfs", dir]);
  stack.defer(async () => void await must("umount", ["-l", dir]));
  const old = await startRelay({ dir });
  stack.defer(async () => void await old.stop());
  const client = stack.use(await setUpGlosson(old, "kaylee"));
  await client.run().said(/Online/);
  // Fails for want of room.
  await run("sh", ["-c", `cat /dev/zero > "${dir}/fill"`]);
  const relay = await startRelay({ dir, takeover: true });
  stack.defer(async () => void await relay.stop());
  await relay.logged("client online", { username: "kaylee" });
  assert.equal((await visit(relay, HOST)).status, 200);
  await relay.logged("trouble", { kind: "state-unwritable" });
  await using elsewhere = temporaryFolder();
  assert.match(
    (await glossond(relay.stateDir, "backup", `${elsewhere.path}/copy`)).stderr,
    /Cannot copy \S+glossond\.sqlite to \S+: database or disk is full; see that its disk/,
  );
});

Deno.test("doctor and restore say that a disk is full, and leave nothing on it", async () => {
  await using stack = new AsyncDisposableStack();
  const dir = await Deno.makeTempDir({ prefix: "glossond-full-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  await using elsewhere = temporaryFolder();
  const copy = `${elsewhere.path}/copy`;
  {
    await using relay = await startRelay();
    assert.equal((await glossond(relay.stateDir, "backup", copy)).code, 0);
  }
  await must("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", dir]);
  stack.defer(async () => void await must("umount", ["-l", dir]));
  const state = `${dir}/state`;
  await Deno.mkdir(state, { mode: 0o700 });
  const names = () => Array.from(Deno.readDirSync(state), ({ name }) => name);
  // Fails for want of room.
  await run("sh", ["-c", `cat /dev/zero > "${dir}/fill"`]);
  const room = async (bytes: number) => {
    const { size } = await Deno.stat(`${dir}/fill`);
    await Deno.truncate(`${dir}/fill`, size - bytes);
  };
  const doctor = async () => (await glossond(state, "doctor", "--dev")).stdout;
  assert.match(await doctor(), /^FAULT {2}state folder: .* cannot be written: the disk is full/m);
  assert.deepEqual(names(), []);

  const restore = () => glossond(state, "restore", copy);
  const full = await restore();
  assert.match(full.stderr, /^glossond: Cannot restore \S+: No space left on device/);
  // Of two copies that are on the disk for a moment there is room for one.
  await room((await Deno.stat(copy)).size + 8_192);
  const nearly = await restore();
  assert.match(nearly.stderr, /: database or disk is full; see that its disk is well, has room/);
  assert.deepEqual(names(), ["state.lock"]);
  await room(1_000_000);
  assert.equal((await restore()).code, 0);
  assert.match(await doctor(), /^WARN {3}state folder: .* \d MiB are free on its disk, less than/m);
});
