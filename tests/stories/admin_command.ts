import { BASE, ROOT } from "./relay.ts";

/** What a command came to. */
export interface CommandEnd {
  code: number;
  stdout: string;
  stderr: string;
}

/** A command of the program on a state folder, as an operator's shell would call it. */
export function glossondCommand(stateDir: string, args: string[]): Deno.Command {
  const executable = Deno.env.get("GLOSSOND_BIN");
  const { PATH = "/usr/bin:/bin", HOME = stateDir, DENO_DIR } = Deno.env.toObject();
  return new Deno.Command(executable ?? Deno.execPath(), {
    args: executable ? args : ["run", "-A", "--no-prompt", `${ROOT}main.ts`, ...args],
    clearEnv: true,
    env: {
      PATH,
      HOME,
      NO_COLOR: "1",
      ...(DENO_DIR !== undefined && { DENO_DIR }),
      GLOSSOND_STATE_DIR: stateDir,
      GLOSSOND_BASE_DOMAIN: BASE,
      GLOSSOND_SECRETS_FILE: `${stateDir}/no-secrets`,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Runs a command of the program on a state folder to its end. */
export async function glossond(stateDir: string, ...args: string[]): Promise<CommandEnd> {
  const { code, stdout, stderr } = await glossondCommand(stateDir, args).output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}
