import { isAbsolute, join } from "node:path";

/** The variables that say where the state folder is. */
export type FolderEnv = (name: string) => string | undefined;

/**
 * The folder to use: `--state`, `GLOSSON_STATE`, `XDG_CONFIG_HOME/glosson`, `~/.config/glosson`, in
 * this order (`%APPDATA%\glosson` on Windows).
 *
 * @throws {Error} if none can be told, or an option that is given names none.
 */
export function stateFolder(option: string | undefined, env: FolderEnv): string {
  // As a script says it whose variable has no value: the folder that is meant is another one.
  if (option === "") throw new Error("--state names no folder; name one, or leave the option out");
  const chosen = option ?? nonEmpty(env("GLOSSON_STATE"));
  if (chosen !== undefined) return chosen;
  const config = env("XDG_CONFIG_HOME") ?? "";
  // A relative one is to be ignored (XDG Base Directory Specification): it would be another in each folder.
  if (isAbsolute(config)) return join(config, "glosson");
  const home = nonEmpty(env("HOME"));
  if (home !== undefined) return join(home, ".config", "glosson");
  const roaming = nonEmpty(env("APPDATA"));
  if (roaming !== undefined) return join(roaming, "glosson");
  throw new Error("Cannot find a folder for the state: HOME is not set; name one with --state DIR");
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
