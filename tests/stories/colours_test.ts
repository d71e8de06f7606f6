import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { run } from "../../scripts/run.ts";
import { runOnTerminal } from "../command/terminal.ts";
import { commandLine, glossond } from "./admin_command.ts";
import { bareEnvironment, settingVariables } from "./environment.ts";
import { setUpGlosson } from "./glosson.ts";
import { BASE, ROOT, startRelay } from "./relay.ts";

const [GREEN, YELLOW, RED] = [32, 33, 31].map((code) => (word: string) =>
  `\x1b[${code}m${word}\x1b[39m`
);

Deno.test("words that tell how something is have colours on a terminal, and nowhere else", async () => {
  await using relay = await startRelay();
  await using glosson = await setUpGlosson(relay, "online");
  await glossond(relay.stateDir, "users", "block", "kaylee");
  const online = glosson.run();
  await online.said(/ Online /);

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
    return (await runOnTerminal(program, args, [], options)).stdout.replaceAll("\r\n", "\n");
  }

  const users = commandLine(["users"]);
  const [coloured, unset, plain, piped, status, doctor, cert, none, mine] = await Promise.all([
    shown(users!),
    shown(users!, { NO_COLOR: "" }),
    shown(users!, { NO_COLOR: "1" }),
    run(users[0]!, users.slice(1), { clearEnv: true, env }),
    shown(commandLine(["status"])),
    shown(commandLine(["doctor"])),
    shown(commandLine(["cert", "check"])),
    shown(commandLine(["cert", "check"]), { GLOSSOND_STATE_DIR: `${relay.dir}/none` }),
    shown([...client, "status"]),
  ]);
  // The name is not the state, and columns stand where they stand without colours.
  assert.match(coloured, new RegExp(`^online  ${escaped(GREEN!("online"))}  `, "m"));
  assert.match(coloured, new RegExp(`^kaylee  ${escaped(RED!("blocked"))} `, "m"));
  assert.equal(unset, coloured);
  assert.equal(plain, piped.stdout);
  assert.equal(stripVTControlCharacters(coloured), plain);
  assert.doesNotMatch(plain, /\x1b/);

  assert.match(status, new RegExp(`^ready +${escaped(GREEN!("yes"))}$`, "m"));
  assert.match(doctor, new RegExp(`^${escaped(GREEN!("ok"))} {5}\\w`, "m"));
  assert.match(doctor, new RegExp(`^${escaped(RED!("FAULT"))}  \\w`, "m"));
  assert.match(doctor, new RegExp(`^${escaped(YELLOW!("WARN"))}   \\w`, "m"));
  assert.match(cert, new RegExp(`^${escaped(GREEN!("good"))}$`, "m"));
  assert.match(none, new RegExp(`^${escaped(RED!("unusable"))}: No certificate`, "m"));
  assert.match(mine, new RegExp(`^Online: +${escaped(GREEN!("yes"))}$`, "m"));
  assert.match(mine, new RegExp(`^Visitors: +${escaped(GREEN!("can be served"))}: `, "m"));
});

function escaped(text: string): string {
  return text.replace(/[\x1b[]/g, (char) => char === "[" ? "\\[" : "\\x1b");
}
