import assert from "node:assert/strict";
import { endOf, type Ran } from "../../scripts/run.ts";
import { temporaryFolder } from "../certificate/helpers.ts";
import { commandLine, glossond } from "../stories/admin_command.ts";
import { bareEnvironment, settingVariables } from "../stories/environment.ts";
import { BASE, startRelay } from "../stories/relay.ts";

/** Makes the standard output a pipe whose reader has gone, and then what is to be done. */
const WITHOUT_READER = `mkfifo "$PIPE"; exec 3<> "$PIPE" > "$PIPE" 3<&-; exec "$@"`;

/** Has the standard output be a pipe of one page that does not wait, and reads it once it is full. */
const SLOW_READER = `exec python3 -c '
import fcntl, os, subprocess, sys, termios
reader, writer = os.pipe()
room = fcntl.fcntl(writer, 1031, 4096)  # F_SETPIPE_SZ
fcntl.fcntl(writer, fcntl.F_SETFL, os.O_NONBLOCK)
process = subprocess.Popen(sys.argv[1:], stdout=writer)
os.close(writer)
while process.poll() is None:
    waiting = fcntl.ioctl(reader, termios.FIONREAD, bytes(4))
    if int.from_bytes(waiting, sys.byteorder) >= room:
        break
with open(reader, "rb") as rest:
    sys.stdout.buffer.write(rest.read())
sys.exit(process.wait())
' "$@"`;

/** Runs a command of the program by a shell's script, on a state folder of the local authority's. */
async function runBy(script: string, stateDir: string, args: string[]): Promise<Ran> {
  await using folder = temporaryFolder();
  return await endOf(
    new Deno.Command("sh", {
      args: ["-c", script, "sh", ...commandLine(args)],
      clearEnv: true,
      env: {
        ...bareEnvironment(folder.path),
        ...settingVariables({ STATE_DIR: stateDir, BASE_DOMAIN: BASE, AUTHORITY: "local" }),
        PIPE: `${folder.path}/pipe`,
      },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }),
  );
}

for (
  const [where, script, code, says] of [
    ["on a full disk", `exec "$@" > /dev/full`, 1, /^glossond: Cannot write the output: No space/],
    ["without a reader", WITHOUT_READER, 0, /^$/],
  ] as const
) {
  Deno.test(`a certificate is ordered all the same where nothing can be said, ${where}`, async () => {
    await using state = temporaryFolder();
    const ran = await runBy(script, state.path, ["cert", "renew"]);
    assert.match(ran.stderr, says);
    assert.equal(ran.code, code);
    const relay = JSON.parse(await Deno.readTextFile(`${state.path}/relay-status.json`));
    assert.equal(relay.failures, 0);
    assert.match(await Deno.readTextFile(`${state.path}/relay.pem`), /CERTIFICATE/);
  });
}

Deno.test("status --watch ends with its reader", async () => {
  await using relay = await startRelay();
  const ran = await runBy(WITHOUT_READER, relay.stateDir, ["status", "--watch", "--json"]);
  assert.deepEqual([ran.code, ran.stderr], [0, ""]);
});

Deno.test("a slow reader gets all of it, though its pipe does not wait", async () => {
  await using state = temporaryFolder();
  const all = await glossond(state.path, "config", "--json");
  assert.ok(all.stdout.length > 8_192);
  const slow = await runBy(SLOW_READER, state.path, ["config", "--json"]);
  assert.deepEqual([slow.code, slow.stderr], [0, ""]);
  assert.equal(
    Object.keys(JSON.parse(slow.stdout)).length,
    Object.keys(JSON.parse(all.stdout)).length,
  );
});

Deno.test("what a full disk keeps from being read is a failure, whatever says it", async () => {
  await using state = temporaryFolder();
  for (const args of [["--help"], ["help", "users"], ["config", "--json"], ["explain", "parked"]]) {
    const full = await runBy(`exec "$@" > /dev/full`, state.path, args);
    assert.equal(full.code, 1, args.join(" "));
    assert.match(full.stderr, /^glossond: Cannot write the output: No space left/);
  }
  assert.equal((await glossond(state.path, "explain", "parked")).code, 0);
});
