import assert from "node:assert/strict";
import { join } from "node:path";
import { must } from "../../../scripts/run.ts";
import { lastLines, olderLog, openLogFile } from "../../../examples/client/log_file.ts";
import { cron } from "../../../examples/client/service/cron.ts";
import { keepRunningScript } from "../../../examples/client/service/keep_running.ts";
import { mustRun, type ProgramEnd, runProgram } from "../../../examples/client/service/program.ts";
import { type Job, serviceManagers } from "../../../examples/client/service/service.ts";
import { systemd } from "../../../examples/client/service/systemd.ts";
import { until } from "../../certificate/helpers.ts";
import { withFolder } from "./story.ts";

const isWindows = Deno.build.os === "windows";

/** Words that every manager has to pass on as they are. */
const ODD = [`a b`, `it's "so"`, "50%", "$HOME", "\\n", "<&>", "#"];

function jobIn(folder: string, argv: string[]): Job {
  return { name: "glosson", hostname: "kaylee.example.org", argv, folder, state: folder };
}

for (const [code, starts] of [[0, 1], [1, 2], [2, 1], [3, 1], [4, 1], [5, 1], [6, 1], [137, 2]]) {
  Deno.test({
    name: `keepRunningScript() starts a program that ended with ${code} ${starts} times`,
    ignore: isWindows,
    fn: () =>
      withFolder(async (folder) => {
        const count = join(folder, "count");
        // The second time it is asked to end.
        const program = `echo x >> ${count}; [ $(wc -l < ${count}) -gt 1 ] && exit 0; exit ${code}`;
        const script = keepRunningScript({ argv: ["sh", "-c", program], folder });
        await Deno.writeTextFile(join(folder, "sleep"), "#!/bin/sh\n", { mode: 0o700 });
        const PATH = `${folder}:${Deno.env.get("PATH")}`;
        await must("sh", ["-c", script], { env: { PATH } });
        assert.equal((await Deno.readTextFile(count)).length, 2 * starts!);
      }),
  });
}

Deno.test({
  name: "cron keeps a job running, in its folder and by its words, and takes it away whole",
  ignore: isWindows,
  fn: () =>
    withFolder(async (folder) => {
      const started = join(folder, "started");
      let table = "5 4 * * * other\n";
      const manager = cron({
        os: "linux",
        env: () => undefined,
        // This user's own table stays as it is.
        run(program, args, input) {
          if (program !== "crontab") return runProgram(program, args, input);
          if (args[0] === "-") table = input!;
          return Promise.resolve({ code: 0, text: table, complaint: "" });
        },
      });
      const program =
        `pwd > "$0"; for word in "$@"; do printf "%s\\n" "$word" >> "$0"; done; exec sleep 600`;
      const job = jobIn(folder, ["sh", "-c", program, started, ...ODD, "end"]);
      assert.equal(await manager.state(job), "absent");
      await using stack = new AsyncDisposableStack();
      // Also where this test fails half-way.
      stack.defer(() => manager.uninstall(job));
      await manager.install(job);
      const words = () => Deno.readTextFile(started).catch(() => "");
      await until(async () => (await words()).endsWith("end\n"), "the program");
      assert.equal(await words(), [folder, ...ODD, "end", ""].join("\n"));
      assert.equal(await manager.state(job), "running");
      assert.match(table, /^5 4 \* \* \* other\n@reboot setsid sh '.*\n$/);
      // Again: in the place of the one before.
      await manager.install(job);
      assert.equal(table.split("\n").length, 3);
      await manager.uninstall(job);
      await until(async () => await manager.state(job) === "absent", "the end");
      assert.equal(table, "5 4 * * * other\n");
      assert.equal((await runProgram("pgrep", ["-f", started])).text, "");
    }),
});

/** A cron of a user whose table this says, and what was made of it. */
function cronOf(said: ProgramEnd) {
  const tables: string[] = [];
  const manager = cron({
    os: "linux",
    env: () => undefined,
    run(program, args, input) {
      if (program === "crontab" && args[0] === "-l") return Promise.resolve(said);
      if (program === "crontab") tables.push(input!);
      return Promise.resolve({ code: 0, text: "", complaint: "" });
    },
  });
  return { manager, tables };
}

Deno.test("cron leaves a table alone that it cannot read", () =>
  withFolder(async (folder) => {
    const { manager, tables } = cronOf({
      code: 1,
      text: "",
      complaint: "crontab: no space left\n",
    });
    const job = jobIn(folder, ["glosson"]);
    await assert.rejects(manager.install(job), /crontab -l says: crontab: no space left$/);
    await Deno.writeTextFile(join(folder, "keep-running.sh"), "");
    await assert.rejects(manager.uninstall(job), /crontab -l says/);
    assert.deepEqual(tables, []);
  }));

for (
  const [name, said, before] of [
    ["as it is", { code: 0, text: "# mine\n\n5 4 * * * other\n", complaint: "a warning\n" }, [
      "# mine",
      "",
      "5 4 * * * other",
    ]],
    ["empty", { code: 0, text: "", complaint: "" }, []],
    ["not there", { code: 1, text: "", complaint: "no crontab for kaylee\n" }, []],
    [
      "not there for BusyBox",
      { code: 1, text: "", complaint: "crontab: can't open 'kaylee': No such file or directory\n" },
      [],
    ],
  ] as const
) {
  Deno.test(`cron adds a line to a table that is ${name}, and nothing else`, () =>
    withFolder(async (folder) => {
      const { manager, tables } = cronOf(said);
      await manager.install(jobIn(folder, ["glosson"]));
      const lines = tables[0]!.split("\n");
      assert.deepEqual(lines.slice(0, -2), before);
      assert.match(lines.at(-2)!, /^@reboot setsid sh .* # glosson: written by glosson install$/);
      assert.equal(lines.at(-1), "");
    }));
}

Deno.test({
  name: "the unit of systemd passes its words on as they are",
  ignore: isWindows,
  fn: () =>
    withFolder(async (folder) => {
      const ran: string[] = [];
      const manager = systemd({
        os: "linux",
        env: (name) => name === "XDG_CONFIG_HOME" ? folder : undefined,
        run(program, args) {
          ran.push([program, ...args].join(" "));
          return Promise.resolve({ code: 0, text: "Linger=yes\n", complaint: "" });
        },
      });
      assert.deepEqual(await manager.install(jobIn(folder, ["/bin/glosson", ...ODD])), []);
      const unit = await Deno.readTextFile(join(folder, "systemd/user/glosson.service"));
      assert.match(
        unit,
        /^ExecStart="\/bin\/glosson" "a b" "it's \\"so\\"" "50%%" "\$\$HOME" "\\\\n" /m,
      );
      assert.match(unit, /^RestartPreventExitStatus=2 3 4 5 6$/m);
      assert.ok(ran.includes("systemctl --user --no-pager restart glosson.service"));
      await manager.uninstall(jobIn(folder, []));
      assert.equal(await manager.state(jobIn(folder, [])), "absent");
    }),
});

for (
  const [os, parse, restarts] of [
    [
      "darwin",
      "import plistlib,sys,json; p=plistlib.load(open(sys.argv[1],'rb')); " +
      "print(json.dumps([p['KeepAlive'], p['ProgramArguments'][2]]))",
      { SuccessfulExit: false },
    ],
    [
      "windows",
      "import sys,json,xml.etree.ElementTree as E; n='{http://schemas.microsoft.com/windows/2004/02/mit/task}'; " +
      "p=E.parse(sys.argv[1]).getroot(); r=p.find(n+'Settings/'+n+'RestartOnFailure'); print(json.dumps([{c.tag[len(n):]: c.text for c in r}, p.find('.//'+n+'Arguments').text]))",
      { Interval: "PT1M", Count: "3" },
    ],
  ] as const
) {
  Deno.test({
    name: `what is written for ${os} is what its parsers take, words and all`,
    ignore: isWindows,
    fn: () =>
      withFolder(async (folder) => {
        let told: unknown;
        const [manager] = serviceManagers({
          os,
          env: (name) => name === "HOME" ? folder : undefined,
          async run(_program, args) {
            const file = args.find((arg) => /\.(plist|xml)$/.test(arg));
            if (file !== undefined && args[0] !== "unload") {
              told = JSON.parse(await must("python3", ["-c", parse, file]));
            }
            return { code: 0, text: "", complaint: "" };
          },
        });
        await manager!.install(jobIn(folder, ["glosson", ...ODD]));
        const [restarted, words] = told as [unknown, string];
        assert.deepEqual(restarted, restarts);
        assert.ok(words.includes(os === "darwin" ? `'it'\\''s "so"'` : String.raw`"it's \"so\""`));
        assert.ok(words.includes("<&>"));
      }),
  });
}

const RESULTS = [["running", 0, "267009"], ["stopped", 0, "0"], ["absent", 1, ""]] as const;

for (const [state, code, result] of RESULTS) {
  Deno.test(`a task of Windows is ${state} in every language`, async () => {
    const [manager] = serviceManagers({
      os: "windows",
      env: () => undefined,
      run: (_program, args) =>
        Promise.resolve({
          code,
          text: args.includes("/V")
            ? `"PC","\\\\glosson","N/A","Wird ausgeführt","${result}"\r\n`
            : "",
          complaint: "",
        }),
    });
    assert.equal(await manager!.state({ name: "glosson", state: "C:\\state" }), state);
  });
}

Deno.test("a log of a file is of two megabytes at most, and its end can be read", () =>
  withFolder(async (folder) => {
    const path = join(folder, "glosson.log");
    assert.equal(await lastLines(path, 3), undefined);
    const write = openLogFile(path);
    for (let i = 0; i < 30_000; i++) write(`${i} ${"x".repeat(90)}`);
    assert.deepEqual((await lastLines(path, 2))!.map((line) => line.split(" ")[0]), [
      "29998",
      "29999",
    ]);
    const sizes = [path, olderLog(path)].map((one) => Deno.statSync(one).size);
    assert.ok(Math.max(...sizes) <= 1024 * 1024 && Math.min(...sizes) > 0, `${sizes}`);
    assert.equal(Deno.statSync(path).mode! & 0o777, 0o600);
    // Another run goes on where it ended.
    openLogFile(path)("again");
    assert.deepEqual(await lastLines(path, 1), ["again"]);
  }));

Deno.test("a log file that cannot be written is told at the start", () =>
  withFolder(async (folder) => {
    const path = join(folder, "nowhere", "glosson.log");
    assert.throws(() => openLogFile(path), /Cannot write the log file .*nowhere.*--log-file$/);
    await Deno.writeTextFile(join(folder, "nowhere"), "");
    assert.throws(() => openLogFile(path), /Cannot write the log file/);
  }));

Deno.test("a log goes on at its path when another program has put it aside, removed or emptied it", () =>
  withFolder(async (folder) => {
    const path = join(folder, "glosson.log");
    const aside = join(folder, "aside");
    const write = openLogFile(path);
    write("first");
    await Deno.rename(path, aside);
    write("second");
    assert.equal(await Deno.readTextFile(aside), "first\n");
    assert.equal(await Deno.readTextFile(path), "second\n");
    await Deno.remove(path);
    write("third");
    assert.equal(await Deno.readTextFile(path), "third\n");
    await Deno.truncate(path);
    write("fourth");
    assert.equal(await Deno.readTextFile(path), "fourth\n");
  }));

Deno.test("a log goes on in its file where no other can be made beside it", () =>
  withFolder(async (folder) => {
    const path = join(folder, "glosson.log");
    // No file takes a folder's place.
    await Deno.mkdir(join(olderLog(path), "in it"), { recursive: true });
    const write = openLogFile(path);
    for (let i = 0; i < 12_000; i++) write(`${i} ${"x".repeat(90)}`);
    assert.match((await Deno.readTextFile(path)).slice(-200), /\n11999 x{90}\n$/);
  }));

Deno.test({
  name: "a program that may not be run is told from one that is not there, with the fix",
  permissions: { run: false },
  async fn() {
    await assert.rejects(
      runProgram("sh", ["-c", ":"]),
      /^Error: Cannot run sh: .* deno run -A, or /,
    );
    assert.equal((await runProgram("no-such-program", [])).code, 127);
  },
});

Deno.test("what a program said that failed is told, whatever it was run for", async () => {
  const end = { code: 1, text: "a\n", complaint: "no bus\n" };
  const run = () => Promise.resolve(end);
  await assert.rejects(
    mustRun(run, "systemctl", ["--user", "stop", "glosson.service"]),
    { message: "systemctl --user stop glosson.service failed with code 1: a\nno bus" },
  );
});
