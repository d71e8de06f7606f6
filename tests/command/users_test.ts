import assert from "node:assert/strict";
import type { CommandContext } from "../../lib/command/command.ts";
import { users } from "../../lib/command/users.ts";
import { openStore } from "../../lib/store/open.ts";
import { temporaryFolder } from "../certificate/helpers.ts";

/** Runs `glossond users` in this process, by an environment. */
async function run(env: Record<string, string>, ...positionals: string[]) {
  let stdout = "";
  let stderr = "";
  const context: CommandContext = {
    positionals,
    options: {},
    readSettings: () => Promise.resolve({ env }),
    print: (text) => void (stdout += text),
    printError: (text) => void (stderr += text),
    erase() {},
    onSignal() {},
    isJournal: false,
    isTerminal: false,
  };
  return { code: await users.run(context), stdout, stderr };
}

Deno.test("users reads the base domain as the relay does, whatever else the shell's settings lack", async (t) => {
  const names = ["kaylee", "kaylee.glosson.example.org", "https://Kaylee.Glosson.Example.ORG./x"];
  for (const name of names) {
    await t.step(name, async () => {
      await using folder = temporaryFolder();
      await (await openStore({ stateDir: folder.path })).close();
      const env = {
        GLOSSOND_BASE_DOMAIN: "Glosson.Example.ORG.",
        GLOSSOND_STATE_DIR: ` ${folder.path} `,
      };
      assert.deepEqual(await run(env, "block", name), {
        code: 0,
        stdout:
          "kaylee is blocked: its visitors get the suspended page; there is no such account (no relay runs; its state was changed)\n",
        stderr: "",
      });
      const store = await openStore({ stateDir: folder.path });
      assert.equal(await store.accounts.isBlocked("kaylee"), true);
      await store.close();
    });
  }
});
