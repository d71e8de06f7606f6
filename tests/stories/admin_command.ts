import { permissionsFor, PROGRAMS } from "../../scripts/compile/programs.ts";
import { endOf, type Ran } from "../../scripts/run.ts";
import { bareEnvironment, settingVariables } from "./environment.ts";
import { BASE, ROOT } from "./relay.ts";

/** From the source, the program may do what the executable may. */
const PERMISSIONS = [
  "--no-prompt",
  "--ignore-env",
  ...permissionsFor(PROGRAMS.find(({ name }) => name === "glossond")!, Deno.build.target),
];

/** A command of the program on a state folder, as an operator's shell would call it. */
export function glossondCommand(
  stateDir: string,
  args: string[],
  settings: Record<string, string> = {},
  variables: Record<string, string> = {},
): Deno.Command {
  return commandWith(args, {
    ...bareEnvironment(stateDir),
    NO_COLOR: "1",
    ...settingVariables({
      STATE_DIR: stateDir,
      BASE_DOMAIN: BASE,
      SECRETS_FILE: `${stateDir}/no-secrets`,
      ...settings,
    }),
    ...variables,
  });
}

/** A command of the program with these variables alone. */
export function commandWith(args: string[], env: Record<string, string>): Deno.Command {
  const [program = "", ...words] = commandLine(args);
  return new Deno.Command(program, {
    args: words,
    clearEnv: true,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** The program and its arguments. */
export function commandLine(args: string[]): string[] {
  const executable = Deno.env.get("GLOSSOND_BIN");
  return executable === undefined
    ? [Deno.execPath(), "run", ...PERMISSIONS, `${ROOT}main.ts`, ...args]
    : [executable, ...args];
}

/** Runs a command of the program on a state folder to its end. */
export function glossond(stateDir: string, ...args: string[]): Promise<Ran> {
  return endOf(glossondCommand(stateDir, args));
}
