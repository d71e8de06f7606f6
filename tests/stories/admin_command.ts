import { PROGRAMS } from "../../scripts/compile/programs.ts";
import { endOf, type Ran } from "../../scripts/run.ts";
import { bareEnvironment, settingVariables } from "./environment.ts";
import { BASE, ROOT } from "./relay.ts";

/** From the source, the program may do what the executable may. */
const PERMISSIONS = [
  "--no-prompt",
  "--ignore-env",
  ...PROGRAMS.find(({ name }) => name === "glossond")!.permissions,
];

/** A command of the program on a state folder, as an operator's shell would call it. */
export function glossondCommand(
  stateDir: string,
  args: string[],
  settings: Record<string, string> = {},
): Deno.Command {
  const executable = Deno.env.get("GLOSSOND_BIN");
  return new Deno.Command(executable ?? Deno.execPath(), {
    args: executable ? args : ["run", ...PERMISSIONS, `${ROOT}main.ts`, ...args],
    clearEnv: true,
    env: {
      ...bareEnvironment(stateDir),
      NO_COLOR: "1",
      ...settingVariables({
        STATE_DIR: stateDir,
        BASE_DOMAIN: BASE,
        SECRETS_FILE: `${stateDir}/no-secrets`,
        ...settings,
      }),
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Runs a command of the program on a state folder to its end. */
export function glossond(stateDir: string, ...args: string[]): Promise<Ran> {
  return endOf(glossondCommand(stateDir, args));
}
