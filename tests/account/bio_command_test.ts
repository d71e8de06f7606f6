import assert from "node:assert/strict";
import { type BioCommandOptions, createBioCommand } from "../../lib/account/bio_command.ts";
import { createLog } from "../../lib/log.ts";
import { until } from "../certificate/helpers.ts";

/** A script in its own folder, the name to call it with, and what to look for in /proc. */
interface Fixture {
  script: string;
  folder: string;
  name: string;
  options(more?: Partial<BioCommandOptions>): BioCommandOptions;
}

/** Runs a story with a real script, and then waits until no process of it is left, not for long. */
async function withScript(source: string, story: (f: Fixture) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const script = `${folder}/get_bio.py`;
  const name = `marker-${crypto.randomUUID()}`;
  await Deno.writeTextFile(script, `import os, signal, subprocess, sys, time\n${source}\n`);
  try {
    await story({ script, folder, name, options: (more) => ({ script, ...more }) });
    // Killed ones stand in /proc until they are reaped.
    await until(async () => (await processesWith(name)).length === 0, "no process is left");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Command lines of the processes that have `marker` in an argument. */
async function processesWith(marker: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(entry.name)) continue;
    const line = await Deno.readTextFile(`/proc/${entry.name}/cmdline`).catch(() => "");
    if (line.includes(marker)) found.push(`${entry.name} ${line.slice(-120)}`);
  }
  return found;
}

/** Far less than what is not to be waited for: a minute. */
const PROMPT_MS = 30_000;

/** Python that starts a child which carries the marker and outlives its parent by far. */
const CHILD =
  `[sys.executable, "-c", "import time; print(1, flush=True); time.sleep(60)", sys.argv[1]]`;

Deno.test("run() finds a bio", () =>
  withScript(`print("hello, I am", sys.argv[1])`, async ({ name, options }) => {
    const result = await createBioCommand(options()).run(name);
    assert.deepEqual(result, { state: "found", bio: `hello, I am ${name}\n` });
  }));

Deno.test("run() tells no such profile from trouble", async () => {
  const cases = [
    { source: "sys.exit(1)", state: "not-found" },
    { source: "print('half a page'); sys.exit(1)", state: "not-found" },
    { source: "sys.exit(2)", state: "unavailable", why: "it ended with status 2" },
    { source: "print('half a page'); sys.exit(3)", state: "unavailable" },
    { source: "sys.exit(200)", state: "unavailable" },
    { source: "sys.exit(201)", state: "unavailable" },
    { source: "sys.exit(0)", state: "unavailable", why: "it printed nothing" },
    {
      source: "print('x', flush=True); os.kill(os.getpid(), signal.SIGSEGV)",
      state: "unavailable",
      why: "it ended with status 139",
    },
    { source: "os.kill(os.getpid(), signal.SIGKILL)", state: "unavailable" },
  ];
  for (const { source, state, why } of cases) {
    await withScript(source, async ({ name, options }) => {
      const result = await createBioCommand(options()).run(name);
      assert.equal(result.state, state, source);
      if (why && result.state === "unavailable") assert.equal(result.why, why);
    });
  }
});

Deno.test("run() takes the id of a profile from the first line of stderr, and no other", async () => {
  const tell = (...lines: string[]) =>
    lines.map((line) => `print(${JSON.stringify(line)}, file=sys.stderr)\n`).join("") +
    "print('bio')";
  const cases: [source: string, profileId: string | undefined, logged: string | undefined][] = [
    [tell("profile-id: 4711"), "4711", undefined],
    [tell("profile-id: a b:é", "slow today"), "a b:é", "slow today"],
    [tell("slow today", "profile-id: 4711"), undefined, "slow today\\nprofile-id: 4711"],
    [tell("profile-id: "), undefined, "profile-id:"],
    [tell(`profile-id: ${"x".repeat(201)}`), undefined, `profile-id: ${"x".repeat(201)}`],
    [tell("profile-id: a\tb"), undefined, "profile-id: a\\tb"],
  ];
  for (const [source, profileId, logged] of cases) {
    await withScript(source, async ({ name, options }) => {
      const lines: string[] = [];
      const log = createLog({ level: "warn", write: (line) => lines.push(line) });
      const result = await createBioCommand(options({ log })).run(name);
      const found = { state: "found", bio: "bio\n" };
      assert.deepEqual(result, profileId === undefined ? found : { ...found, profileId });
      assert.deepEqual(lines.map((line) => /stderr="?(.*?)"?$/.exec(line)?.[1]), [
        ...logged === undefined ? [] : [logged],
      ]);
    });
  }
  await withScript('print("profile-id: 7", file=sys.stderr); sys.exit(1)', async (f) => {
    assert.deepEqual(await createBioCommand(f.options()).run(f.name), { state: "not-found" });
  });
});

Deno.test("run() takes an empty bio for a bio, if a line was printed", () =>
  withScript("print()", async ({ name, options }) => {
    const result = await createBioCommand(options()).run(name);
    assert.deepEqual(result, { state: "found", bio: "\n" });
  }));

Deno.test("run() replaces bytes that are no UTF-8", () =>
  withScript(
    String.raw`sys.stdout.buffer.write(b"caf\xe9 \xff code")`,
    async ({ name, options }) => {
      const result = await createBioCommand(options()).run(name);
      assert.deepEqual(result, { state: "found", bio: "caf\ufffd \ufffd code" });
    },
  ));

Deno.test("run() passes the name as one argument, and a clean environment", () =>
  withScript(
    "import json; print(json.dumps([sys.argv[1:], dict(os.environ), sys.stdin.read()]))",
    async ({ folder, name, options }) => {
      Deno.env.set("GLOSSOND_TEST_SECRET", "do-not-pass-on");
      const hostile = `${name} $(touch ${folder}/a); touch ${folder}/b; "'\``;
      const result = await createBioCommand(options()).run(hostile);
      Deno.env.delete("GLOSSOND_TEST_SECRET");
      assert.ok(result.state === "found");
      const [args, env, stdin] = JSON.parse(result.bio);
      assert.deepEqual(args, [hostile]);
      assert.deepEqual(Object.keys(env).sort(), ["LANG", "PATH"]);
      assert.equal(stdin, "");
      assert.deepEqual([...Deno.readDirSync(folder)].map((e) => e.name), ["get_bio.py"]);
    },
  ));

Deno.test("run() reports a script or an interpreter that is not there", async () => {
  const missing = await createBioCommand({ script: "/nonexistent/get_bio.py" }).run("kaylee");
  assert.equal(missing.state, "unavailable");
  const options = { script: "get_bio.py", interpreter: "/nonexistent/python" };
  const command = createBioCommand(options);
  assert.deepEqual(await command.run("kaylee"), {
    state: "unavailable",
    why: "cannot start /nonexistent/python",
  });
  assert.equal(command.running(), 0);
});

Deno.test("run() does not take a broken interpreter's status 1 for an answer", () =>
  withScript("print(1)", async ({ folder, name, options }) => {
    const interpreter = `${folder}/python`;
    await Deno.writeTextFile(interpreter, "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    const result = await createBioCommand(options({ interpreter })).run(name);
    assert.equal(result.state, "unavailable");
  }));

Deno.test("run() stops a script that hangs, also one that ignores signals", async () => {
  const ignoring =
    "for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP): signal.signal(s, signal.SIG_IGN)\n";
  for (const source of ["time.sleep(60)", `${ignoring}while True: time.sleep(1)`]) {
    await withScript(`print("x", flush=True)\n${source}`, async ({ name, options }) => {
      const begun = performance.now();
      const result = await createBioCommand(options({ timeoutMs: 700 })).run(name);
      assert.deepEqual(result, { state: "unavailable", why: "it took longer than 700 ms" });
      assert.ok(performance.now() - begun < PROMPT_MS, "took too long to stop");
    });
  }
});

Deno.test("run() stops reading a flood at its limit", () =>
  withScript(
    `
written = 0
while written < 200_000_000:
    written += os.write(1, b"x" * 65536)
    open(sys.argv[0] + ".written", "w").write(str(written))
`,
    async ({ script, name, options }) => {
      const result = await createBioCommand(options()).run(name);
      assert.deepEqual(result, { state: "unavailable", why: "it printed more than 65536 bytes" });
      const written = Number(await Deno.readTextFile(`${script}.written`));
      assert.ok(written < 1_000_000, `${written} bytes were taken from the script`);
    },
  ));

Deno.test("run() takes a bio of exactly the limit, and not one byte more", () =>
  withScript("print('x' * int(open(sys.argv[0] + '.n').read()), end='')", async (f) => {
    const command = createBioCommand(f.options({ maxBytes: 1000 }));
    await Deno.writeTextFile(`${f.script}.n`, "1000");
    assert.equal((await command.run(f.name)).state, "found");
    await Deno.writeTextFile(`${f.script}.n`, "1001");
    assert.equal((await command.run(f.name)).state, "unavailable");
  }));

Deno.test("run() survives a flood of errors, and logs their beginning", () =>
  withScript(
    `sys.stderr.write("first words\\n" + "e" * 3_000_000); print("bio")`,
    async ({ name, options }) => {
      const lines: string[] = [];
      const log = createLog({ level: "warn", write: (line) => lines.push(line) });
      const result = await createBioCommand(options({ log })).run(name);
      assert.deepEqual(result, { state: "found", bio: "bio\n" });
      assert.equal(lines.length, 1);
      assert.match(lines[0] ?? "", /first words/);
      assert.ok((lines[0] ?? "").length < 6_000);
    },
  ));

Deno.test("run() leaves no child behind when the script ends", async () => {
  // The child holds the script's stdout: who waits for its end waits a minute.
  for (const how of ["", ", start_new_session=True"]) {
    const source = `p = subprocess.Popen(${CHILD}, stdin=subprocess.DEVNULL${how})
time.sleep(0.2)
print("bio")`;
    await withScript(source, async ({ name, options }) => {
      const begun = performance.now();
      const result = await createBioCommand(options()).run(name);
      assert.equal(result.state, "found");
      assert.ok(performance.now() - begun < PROMPT_MS, "waited for the child");
    });
  }
});

Deno.test("run() leaves no detached grandchild behind when it stops the script", () =>
  withScript(
    `
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setsid()
            subprocess.run(${CHILD})
        os._exit(0)
time.sleep(60)
`,
    async ({ name, options }) => {
      const result = await createBioCommand(options({ timeoutMs: 1_000 })).run(name);
      assert.equal(result.state, "unavailable");
    },
  ));

Deno.test("run() does not wait for a stranger that holds the pipe", () =>
  withScript(`print("bio")`, async ({ folder, name, options }) => {
    const interpreter = `${folder}/python`;
    // Started before the supervisor, by its parent: no supervisor can know of it. It ends with the folder.
    const stays = `while [ -e ${interpreter} ]; do sleep 0.1; done`;
    const wrapper = `#!/bin/bash\n(setsid bash -c '${stays}' &)\nexec python3 "$@"\n`;
    await Deno.writeTextFile(interpreter, wrapper, { mode: 0o755 });
    const result = await createBioCommand(options({ interpreter })).run(name);
    assert.deepEqual(result, { state: "found", bio: "bio\n" });
  }));

Deno.test("a killed relay leaves no script behind, and needs to be allowed python3 only", () =>
  withScript(
    `subprocess.Popen(${CHILD}, start_new_session=True); time.sleep(60)`,
    async ({ script, name }) => {
      const module = new URL("../../lib/account/bio_command.ts", import.meta.url).href;
      const source = `import { createBioCommand } from ${JSON.stringify(module)};
await createBioCommand(${JSON.stringify({ script })}).run(${JSON.stringify(name)});`;
      const program = `${script}.ts`;
      await Deno.writeTextFile(program, source);
      const relay = new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-config", "--no-prompt", "--allow-run=python3", program],
      }).spawn();
      await until(
        async () => (await processesWith(name)).length >= 3,
        "the script and its child run",
      );
      relay.kill("SIGKILL");
      await relay.status;
      await until(async () => (await processesWith(name)).length === 0, "all are gone");
    },
  ));
