import { run } from "../../../scripts/run.ts";
import { ROOT } from "../../stories/relay.ts";

let made: Promise<string> | undefined;

/**
 * The folder of the executables, which is not to be written to: the one that
 * `GLOSSON_TEST_EXECUTABLES` names, else one that is made for the whole test file, by the way that
 * needs only npm, and removed at its end.
 */
export function executables(): Promise<string> {
  const given = Deno.env.get("GLOSSON_TEST_EXECUTABLES");
  return made ??= given === undefined ? compile() : Promise.resolve(given);
}

async function compile(): Promise<string> {
  const dir = await Deno.makeTempDir({ prefix: "glossond-executable-" });
  globalThis.addEventListener("unload", () => Deno.removeSync(dir, { recursive: true }));
  const args = ["run", "-A", `${ROOT}scripts/compile.ts`, "--npm", "--out", dir];
  const { code, text } = await run(Deno.execPath(), args);
  if (code === 0 && text.includes("for testing, not for release")) return dir;
  throw new Error(text);
}
