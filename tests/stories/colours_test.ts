import assert from "node:assert/strict";
import { hasUnseen } from "../../lib/wire/unseen.ts";
import { run } from "../../scripts/run.ts";
import { runOnTerminal } from "../command/terminal.ts";
import { commandLine, glossond } from "./admin_command.ts";
import { bareEnvironment, settingVariables } from "./environment.ts";
import { setUpGlosson } from "./glosson.ts";
import { BASE, ROOT, startRelay } from "./relay.ts";
import { visit } from "./user.ts";

/** What colours are written as here, so that they can be seen. */
const SEEN = {
  "\x1b[32m": "<green>",
  "\x1b[33m": "<yellow>",
  "\x1b[31m": "<red>",
  "\x1b[39m": "</>",
};

/** A text with its colours as words; without, nothing of it acts on a terminal. */
function seen(text: string): string {
  return Object.entries(SEEN).reduce((rest, [code, word]) => rest.replaceAll(code, word), text);
}

Deno.test("words that tell how something is have colours on a terminal, and nowhere else", async () => {
  await using relay = await startRelay();
  await using glosson = await setUpGlosson(relay, "online");
  await glossond(relay.stateDir, "users", "block", "kaylee");
  const online = glosson.run();
  await online.said(/ Online /);
  // Only now is it known, and written, that visitors can be served.
  assert.equal((await visit(relay, `online.${BASE}`)).status, 200);

  const env = {
    ...bareEnvironment(relay.stateDir),
    GLOSSON_STATE: glosson.stateDir,
    ...settingVariables({
      STATE_DIR: relay.stateDir,
      BASE_DOMAIN: BASE,
      AUTHORITY: "local",
      HUB_PORT: "1",
    }),
  };
  const client = [Deno.execPath(), "run", "-A", "--no-prompt", `${ROOT}examples/client/main.ts`];
  /** What a terminal shows, with its line ends as programs have them. */
  async function shown(line: string[], more: Record<string, string> = {}): Promise<string> {
    const [program = "", ...args] = line;
    const options = { clearEnv: true, env: { ...env, ...more } };
    const { stdout } = await runOnTerminal(program, args, [], options);
    return seen(stdout.replaceAll("\r\n", "\n"));
  }

  const users = commandLine(["users"]);
  const [coloured, unset, plain, piped, status, doctor, cert, none, mine] = await Promise.all([
    shown(users),
    shown(users, { NO_COLOR: "" }),
    shown(users, { NO_COLOR: "1" }),
    run(users[0]!, users.slice(1), { clearEnv: true, env }),
    shown(commandLine(["status"])),
    shown(commandLine(["doctor"])),
    shown(commandLine(["cert", "check"])),
    shown(commandLine(["cert", "check"]), { GLOSSOND_STATE_DIR: `${relay.dir}/none` }),
    shown([...client, "status"]),
  ]);
  // The name is not the state, and columns stand where they stand without colours.
  assert.match(coloured, /^online {2}<green>online<\/> {2}/m);
  assert.match(coloured, /^kaylee {2}<red>blocked<\/> /m);
  assert.equal(unset, coloured);
  assert.equal(plain, piped.stdout);
  assert.equal(coloured.replace(/<.*?>/g, ""), plain);
  assert.equal(hasUnseen(plain.replaceAll("\n", "")), false);

  assert.match(status, /^ready +<green>yes<\/>$/m);
  for (const mark of ["<green>ok<\/> {5}", "<yellow>WARN<\/> {3}", "<red>FAULT<\/>  "]) {
    assert.match(doctor, new RegExp(`^${mark}\\w`, "m"));
  }
  assert.match(cert, /^<green>good<\/>$/m);
  assert.match(none, /^<red>unusable<\/>: No certificate/m);
  assert.match(mine, /^Online: +<green>yes<\/>$/m);
  assert.match(mine, /^Visitors: +<green>can be served<\/>: /m);
});
