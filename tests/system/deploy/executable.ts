import { run } from "../../../scripts/run.ts";
import { ROOT } from "../../stories/relay.ts";

/**
 * Compiles the executables into a new folder, which the caller removes, by the way that needs only
 * npm.
 */
export async function compileExecutables(): Promise<string> {
  const dir = await Deno.makeTempDir({ prefix: "glossond-executable-" });
  const args = ["run", "-A", `${ROOT}scripts/compile.ts`, "--npm", "--out", dir];
  const { code, text } = await run(Deno.execPath(), args);
  if (code === 0 && text.includes("for testing, not for release")) return dir;
  await Deno.remove(dir, { recursive: true });
  throw new Error(text);
}
