/**
 * Prints a version's section of CHANGELOG.md, for its release.
 *
 * Run as `deno run --allow-read scripts/release_notes.ts v0.1.0`; exits 1 when the version is not the
 * project's, or has no section: a release needs both.
 */
import { fileURLToPath } from "node:url";
import project from "../deno.json" with { type: "json" };
import { runScript } from "./command_line.ts";

const CHANGELOG = fileURLToPath(new URL("../CHANGELOG.md", import.meta.url));

/**
 * The notes of a version, without its heading.
 *
 * @throws {Error} when there are none.
 */
export function releaseNotes(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) => text.split(/[\s,]/)[0] === version);
  if (/^.*not released/.test(section ?? "")) {
    throw new Error(`CHANGELOG.md says that ${version} is not released; give it its date`);
  }
  const notes = section?.slice(section.indexOf("\n")).trim();
  if (!notes) throw new Error(`CHANGELOG.md tells nothing of ${version}`);
  return `${notes}\n`;
}

if (import.meta.main) {
  await runScript(() => {
    const version = (Deno.args[0] ?? "").replace(/^v/, "");
    if (version !== project.version) {
      throw new Error(`The tag says ${version}, deno.json says ${project.version}`);
    }
    const notes = releaseNotes(Deno.readTextFileSync(CHANGELOG), version);
    Deno.stdout.writeSync(new TextEncoder().encode(notes));
  });
}
