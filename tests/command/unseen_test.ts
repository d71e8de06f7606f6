import assert from "node:assert/strict";
import { hasUnseen } from "../../lib/wire/unseen.ts";
import { run } from "../../scripts/run.ts";
import { ROOT } from "../stories/relay.ts";
import { temporaryFolder } from "../certificate/helpers.ts";

/** Clears the screen, C1's way to say the same, turned around. */
const HOSTILE = "\x1b[2J\x9b2J\x85\u202egnp.exe\u2066\u2028owned";

Deno.test("glossond's commands write nothing raw that others said", async () => {
  await using folder = temporaryFolder();
  const state = folder.path;
  await Deno.writeTextFile(
    `${state}/relay-status.json`,
    JSON.stringify({ failures: 1, lastError: `the server says ${HOSTILE}` }),
  );
  const env = {
    ...Deno.env.toObject(),
    GLOSSOND_STATE_DIR: state,
    GLOSSOND_AUTHORITY: "local",
    GLOSSOND_CONTACT: `mail ${HOSTILE}`,
  };
  const cases: [args: string[], says: RegExp][] = [
    [[`x${HOSTILE}`], /There is no command/],
    [["config"], /CONTACT/],
    [["config", "--json"], /CONTACT/],
    [["cert", "check"], /the server says|No certificate/],
    [["cert", "check", "--json"], /"state"/],
    [["cert", HOSTILE], /cert takes one of/],
    [["users", "show", `k${HOSTILE}`], /./],
    [["status", `--${HOSTILE}`], /./],
  ];
  for (const [args, says] of cases) {
    const program = ["run", "-A", "--quiet", "--no-prompt", `${ROOT}main.ts`];
    const { text } = await run(Deno.execPath(), [...program, ...args], { clearEnv: true, env });
    assert.match(text, says);
    assert.equal(hasUnseen(text.replaceAll("\n", "")), false, `${args[0]}: ${escape(text)}`);
  }
});
