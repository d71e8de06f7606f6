import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { endProcess } from "../../../scripts/process.ts";
import { endOf, must, type Ran } from "../../../scripts/run.ts";
import { FakeRelay } from "./fake_relay.ts";
import { HttpExchange } from "./http_exchange.ts";
import { withFolder } from "./story.ts";

const MAIN = fileURLToPath(new URL("../../../examples/client/main.ts", import.meta.url));

/** A client as a program of its own. */
interface Program {
  process: Deno.ChildProcess;
  done: Promise<Ran>;
}

/** Everything that was started; a test that fails half-way must leave nothing running. */
const started = new Set<Deno.ChildProcess>();

/** Runs a command in a terminal of its own, which ends when its standard input does; prints how it ended. */
const IN_TERMINAL = `
import os, pty, sys, threading
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
threading.Thread(target=lambda: (sys.stdin.read(), os.close(terminal)), daemon=True).start()
_, status = os.waitpid(pid, 0)
print(os.waitstatus_to_exitcode(status))
`;

/**
 * Starts the program with the permissions that its README names, for a state in `folder`.
 *
 * @param by a command that starts the one behind it.
 */
function start(folder: string, args: string[], by: string[] = []): Program {
  const [command, ...words] = [...by, Deno.execPath()];
  const process = new Deno.Command(command!, {
    args: [
      ...words,
      "run",
      "--no-prompt",
      "--quiet",
      "--allow-net=localhost,127.0.0.1",
      `--allow-read=${folder}`,
      `--allow-write=${folder}`,
      "--allow-env=GLOSSON_STATE,XDG_CONFIG_HOME,HOME,APPDATA",
      MAIN,
      ...args,
    ],
    env: { GLOSSON_STATE: join(folder, "state"), NO_COLOR: "1" },
    stdin: by.length > 0 ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  started.add(process);
  const done = endOf(process).finally(() => started.delete(process));
  return { process, done };
}

/** Runs the program to its end. */
function glosson(folder: string, ...args: string[]): Promise<Ran> {
  return start(folder, args).done;
}

/** Sets up `kaylee` by the program at a relay that reads the bio from a file. */
async function withSetup(use: (relay: FakeRelay, folder: string) => Promise<void>): Promise<void> {
  const relay = await FakeRelay.start();
  try {
    await withFolder(async (folder) => {
      const [ca, bio] = [join(folder, "ca.pem"), join(folder, "kaylee.txt")];
      await Deno.writeTextFile(ca, relay.authority.pem);
      relay.readBio = () => Deno.readTextFileSync(bio);
      const { code, stdout, stderr } = await glosson(
        folder,
        ...["setup", "kaylee", "--relay", relay.url.href, "--ca", ca, "--bio-file", bio],
      );
      assert.equal(stderr, "");
      assert.equal(code, 0);
      assert.match(stdout, /https:\/\/kaylee\.glosson\.localhost/);
      assert.ok(!stdout.includes(relay.token));
      await use(relay, folder);
    });
  } finally {
    for (const process of started) {
      await endProcess(process, "SIGKILL");
    }
    await relay.stop();
  }
}

Deno.test("what there is no room to write is a failure, what nobody reads is none", async () => {
  await withFolder(async (folder) => {
    const into = (redirection: string) =>
      start(folder, ["--help"], ["sh", "-c", `"$@" ${redirection}`, "sh"]).done;
    const full = await into("> /dev/full");
    assert.equal(full.code, 1);
    assert.match(full.stderr, /^glosson: Cannot write the output: No space left/);
    const closed = await into(">&-");
    assert.deepEqual([closed.code, closed.stderr], [0, ""]);
  });
});

Deno.test("glosson explains itself", () =>
  withFolder(async (folder) => {
    assert.match((await glosson(folder, "--version")).stdout, /^glosson \d+\.\d+\.\d+\n$/);
    for (const args of [["--help"], ["setup", "--help"], ["run", "--help"], ["status", "--help"]]) {
      const { code, stdout, stderr } = await glosson(folder, ...args);
      assert.deepEqual([code, stderr], [0, ""]);
      assert.match(stdout, /^Usage:/m);
    }
    const wrong = await glosson(folder, "run", "--poool", "3");
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /--poool/);
    const early = await glosson(folder, "run");
    // No service manager starts it again.
    assert.equal(early.code, 2);
    assert.match(early.stderr, /Nothing is set up in .*glosson setup NAME \S+ URL\n$/);
    const status = await glosson(folder, "status", "--json");
    assert.deepEqual([status.code, status.stdout], [1, "null\n"]);
  }));

Deno.test({
  name: "glosson sets up, runs, tells its status and leaves",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withSetup(async (relay, folder) => {
      const running = start(folder, ["run"]);
      await relay.ready(4);
      const visitor = await relay.visit();
      assert.equal((await new HttpExchange(visitor).get("/")).status, 200);
      visitor.close();
      const status = await glosson(folder, "status");
      assert.equal(status.code, 0);
      assert.match(status.stdout, /Running here: yes\n(.*\n)*Online: +yes/);
      const second = await glosson(folder, "run");
      assert.equal(second.code, 1);
      assert.match(second.stderr, /another glosson is running/);
      const closed = new Promise<CloseEvent>((done) => relay.session!.socket.onclose = done);
      running.process.kill("SIGTERM");
      assert.equal((await closed).code, 1000);
      const { code, stderr: log } = await running.done;
      assert.equal(code, 0, log);
      assert.match(log, /info +Online url=https:\/\/kaylee\.glosson\.localhost\n/);
      // No address of a visitor without --verbose, and no secret at all.
      assert.ok(!log.includes("203.0.113.9") && !log.includes(relay.token));
    }),
});

Deno.test({
  name: "glosson run ends at once at a second Ctrl-C",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withSetup(async (relay, folder) => {
      const asked = Promise.withResolvers<void>();
      const never = Promise.withResolvers<Response>();
      await using app = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
        asked.resolve();
        return never.promise;
      });
      const running = start(folder, ["run", "--upstream", `http://127.0.0.1:${app.addr.port}`]);
      await relay.ready(4);
      const visitor = await relay.visit();
      const torn = assert.rejects(new HttpExchange(visitor).get("/"));
      await asked.promise;
      const closed = new Promise((done) => relay.session!.socket.onclose = done);
      running.process.kill("SIGINT");
      await closed;
      running.process.kill("SIGINT");
      assert.equal((await running.done).code, 130);
      await torn;
      visitor.close();
      never.resolve(new Response());
    }),
});

Deno.test({
  name: "glosson run waits for nobody who reads its log and stands still",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withSetup(async (relay, folder) => {
      const gate = join(folder, "gate");
      await must("mkfifo", [gate]);
      // A pipe that is full before the first line.
      const full =
        `exec 3> >(exec > /dev/null 2>&1; read < "${gate}"); head -c 65536 /dev/zero >&3; exec "$@" 2>&3`;
      const running = start(folder, ["run", "-v"], ["bash", "-c", full, "bash"]);
      await relay.ready(4);
      const visitor = await relay.visit();
      assert.equal((await new HttpExchange(visitor).get("/")).status, 200);
      visitor.close();
      running.process.kill("SIGTERM");
      assert.equal((await running.done).code, 0);
      await running.process.stdin.close();
      await Deno.writeTextFile(gate, "\n");
    }),
});

Deno.test({
  name: "glosson run ends with a message when another one took over",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withSetup(async (relay, folder) => {
      const running = start(folder, ["run"]);
      await relay.ready(4);
      relay.send({ type: "goodbye", reason: "replaced", retryAfterMs: null });
      const { code, stderr } = await running.done;
      assert.equal(code, 3);
      assert.match(stderr, /glosson: Another glosson run took over/);
    }),
});

Deno.test({
  name: "glosson run leaves when its terminal ends, and goes on under nohup",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withSetup(async (relay, folder) => {
      const closed = () => new Promise<CloseEvent>((done) => relay.session!.socket.onclose = done);
      const shown = start(folder, ["run"], ["python3", "-c", IN_TERMINAL]);
      await relay.ready(4);
      const left = closed();
      await shown.process.stdin.close();
      assert.equal((await left).code, 1000);
      assert.equal((await shown.done).stdout.trim(), "0");

      relay.parked.length = 0;
      const kept = start(folder, ["run"], ["nohup"]);
      await relay.changes.until(() => relay.sessions.length === 2);
      await relay.ready(4);
      kept.process.kill("SIGHUP");
      const visitor = await relay.visit();
      assert.equal((await new HttpExchange(visitor).get("/")).status, 200);
      visitor.close();
      const ended = closed();
      kept.process.kill("SIGTERM");
      assert.equal((await ended).code, 1000);
      assert.equal((await kept.done).code, 0);
      await kept.process.stdin.close();
    }),
});
