import { ROOT } from "../../stories/relay.ts";

/**
 * Compiles the executables into a new folder, which the caller removes, by the way that needs only
 * npm.
 */
export async function compileExecutables(): Promise<string> {
  const dir = await Deno.makeTempDir({ prefix: "glossond-executable-" });
  const args = ["run", "-A", `${ROOT}scripts/compile.ts`, "--npm", "--out", dir];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (success && said.includes("for testing, not for release")) return dir;
  await Deno.remove(dir, { recursive: true });
  throw new Error(said);
}
