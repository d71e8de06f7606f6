import assert from "node:assert/strict";
import { type CommandContext, EXIT } from "../../lib/command/command.ts";
import { users } from "../../lib/command/users.ts";
import { openStore } from "../../lib/store/open.ts";
import type { Store } from "../../lib/store/store.ts";
import { temporaryFolder } from "../certificate/helpers.ts";
import { grantToken } from "../store/grant_token.ts";

/** What a call came to. */
interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `glossond users` in this process, on a state folder without a relay. */
class Desk {
  readonly #env: Record<string, string>;
  readonly #stateDir: string;

  constructor(stateDir: string) {
    this.#stateDir = stateDir;
    this.#env = {
      GLOSSOND_BASE_DOMAIN: "Glosson.Example.ORG.",
      GLOSSOND_STATE_DIR: ` ${stateDir} `,
    };
  }

  async run(words: string[], context: Partial<CommandContext> = {}): Promise<Ran> {
    let stdout = "";
    let stderr = "";
    const ran = users.run({
      input: { isTerminal: false, read: () => Promise.resolve(undefined), setRaw() {} },
      positionals: words,
      options: {},
      readSettings: () => Promise.resolve({ env: this.#env }),
      print(text) {
        stdout += text;
        return true;
      },
      printError: (text) => void (stderr += text),
      writeLog: () => false,
      caller: { uid: 0, sudoUid: 1000 },
      erase() {},
      onSignal() {},
      ownProgram: () => [Deno.execPath()],
      isJournal: false,
      isTerminal: false,
      ...context,
    });
    // As the program ends with what is wrong with the words.
    const code = await ran.catch(({ message, cause }) => {
      stderr += `glossond: ${message}\n`;
      return cause === EXIT.usage ? EXIT.usage : EXIT.failed;
    });
    return { code, stdout, stderr };
  }

  /** What the store has to say. */
  async ask<T>(question: (store: Store) => Promise<T>): Promise<T> {
    const store = await openStore({ stateDir: this.#stateDir });
    try {
      return await question(store);
    } finally {
      await store.close();
    }
  }
}

async function deskTest(story: (desk: Desk) => Promise<void>): Promise<void> {
  await using folder = temporaryFolder();
  const desk = new Desk(folder.path);
  await desk.ask((store) => grantToken(store, "kaylee"));
  await story(desk);
}

const ASIDE = "(no relay runs; its state was changed)";

Deno.test("users reads the base domain as the relay does, whatever else the shell's settings lack", async (t) => {
  const names = ["zoe", "zoe.glosson.example.org", "https://Zoe.Glosson.Example.ORG./x"];
  for (const name of names) {
    await t.step(name, () =>
      deskTest(async (desk) => {
        assert.deepEqual(await desk.run(["block", name]), {
          code: 0,
          stdout:
            `zoe is blocked: its visitors get the suspended page; there is no such account ${ASIDE}\n`,
          stderr: "",
        });
        assert.equal(await desk.ask(({ accounts }) => accounts.isBlocked("zoe")), true);
      }));
  }
});

Deno.test("users release asks first, and refuses where nobody can be asked", () =>
  deskTest(async (desk) => {
    const release = ["release", "kaylee"];
    const asked: string[] = [];
    const answers = (answer: boolean) => (question: string) => {
      asked.push(question);
      return answer;
    };
    assert.deepEqual(await desk.run(release), {
      code: 2,
      stdout: "",
      stderr:
        "glossond: nobody can be asked here; users release kaylee --yes does it; see glossond help users\n",
    });
    const refused = await desk.run(release, { confirm: answers(false) });
    assert.deepEqual([refused.code, refused.stderr], [1, "glossond: nothing was changed\n"]);
    assert.match(asked[0]!, /^Release kaylee\?/);
    assert.ok(await desk.ask(({ accounts }) => accounts.byUsername("kaylee")));

    const done = await desk.run(release, { confirm: answers(true) });
    assert.equal(done.code, 0);
    assert.match(
      done.stdout,
      /^kaylee is released: its token is void, and the name rests until 20/,
    );
    assert.equal(await desk.ask(({ accounts }) => accounts.byUsername("kaylee")), undefined);
    const again = await desk.run(release, { confirm: answers(true) });
    assert.match(again.stderr, /kaylee is released already, and rests until .* --now ends that/);
    const now = await desk.run(release, { options: { now: true } });
    assert.equal(now.stdout, `kaylee rests no more: the name is free ${ASIDE}\n`);
    const gone = await desk.run(release, { confirm: answers(true) });
    assert.match(gone.stderr, /no account kaylee/);
    assert.equal(asked.length, 2, "nothing is asked about a name that is nobody's");
  }));

Deno.test("users log tells what was done when, by whom and why", () =>
  deskTest(async (desk) => {
    const nothing = await desk.run(["log", "kaylie"]);
    assert.equal(nothing.stdout, "Nothing was done to kaylie; there is no such account\n");
    const reason = "sells counterfeit engine parts, ".repeat(4).trim();
    await desk.run(["block", "kaylee"], { options: { reason } });
    await desk.run(["unblock", "kaylee"], { caller: { uid: 33 } });
    await desk.run(["block", "zoe"]);
    await desk.run(["release", "kaylee"], { options: { yes: true, reason: "asked for" } });

    const { stdout } = await desk.run(["log", "kaylee"]);
    const lines = stdout.trimEnd().split("\n");
    assert.ok(lines.every((line) => line.length <= 80), stdout);
    const text = stdout.replace(/\s+/g, " ").split(/\d{4}-\d\d-\d\d \d\d:\d\d \S+/)
      .map((act) => act.trim());
    assert.deepEqual(text, [
      "",
      `block kaylee by uid 0 (sudo by 1000): ${reason}`,
      "unblock kaylee by uid 33",
      "release kaylee by uid 0 (sudo by 1000): asked for",
    ]);
    const all = JSON.parse((await desk.run(["log"], { options: { json: true } })).stdout);
    assert.deepEqual(all.map((act: { username: string }) => act.username), [
      ...["kaylee", "kaylee", "zoe", "kaylee"],
    ]);
  }));

Deno.test("users takes an option only where it belongs, and no reason of any length", () =>
  deskTest(async (desk) => {
    const wrong: [words: string[], options: CommandContext["options"], why: RegExp][] = [
      [["list"], { yes: true }, /--yes does not belong to users list/],
      [["block", "kaylee"], { json: true }, /--json does not belong to users block/],
      [["show"], {}, /takes list, log, or one of/],
      [["list", "kaylee"], {}, /takes list, log, or one of/],
      [["block", "kaylee"], { reason: "x".repeat(501) }, /--reason is longer than 500/],
    ];
    for (const [words, options, why] of wrong) {
      const { code, stderr } = await desk.run(words, { options });
      assert.equal(code, 2, stderr);
      assert.match(stderr, why);
    }
    assert.equal(await desk.ask(({ accounts }) => accounts.isBlocked("kaylee")), false);
  }));

Deno.test("users fits 80 columns, and tells the state of a blocked name in JSON too", () =>
  deskTest(async (desk) => {
    const long = "a".repeat(63);
    const longest = "b".repeat(18);
    // The zone takes three columns more where it is not UTC.
    const columns = new Date().getTimezoneOffset() === 0 ? 77 : 80;
    await desk.ask(async (store) => {
      await grantToken(store, long);
      await grantToken(store, longest);
      await store.profiles.note(longest, { found: false }, 0);
      const now = Date.now();
      await store.onlineTimes.markSeen(new Map([["kaylee", { at: now }], [long, { at: now }]]));
    });
    await desk.run(["block", "kaylee"], { options: { reason: "spam ".repeat(40).trim() } });
    for (const words of [["list"], ["show", "kaylee"], ["show", "zoe"]]) {
      const { stdout } = await desk.run(words);
      assert.ok(stdout.split("\n").every((line) => line.length <= 80), stdout);
    }
    const { stdout } = await desk.run(["list"]);
    assert.ok(stdout.split("\n").every((line) => line.length <= columns), stdout);
    assert.match(stdout, new RegExp(`^${long}\\n +offline `, "m"));
    const shown = JSON.parse((await desk.run(["list"], { options: { json: true } })).stdout);
    assert.deepEqual(
      shown.map(({ username, state }: Record<string, string>) => [username, state]),
      [[long, "offline"], [longest, "setup"], ["kaylee", "blocked"]],
    );
    const times = Object.entries<unknown>(shown[2]).filter(([name]) => name.endsWith("At"));
    assert.deepEqual(times.map(([name]) => name), [
      ...["blockedAt", "createdAt", "verifiedAt", "lastOnlineAt"],
    ]);
    for (const [, time] of times) {
      assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    }
  }));
