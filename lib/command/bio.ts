import { hasCode } from "../account/bio_code.ts";
import { type BioTrial, tryBio } from "../account/bio_trial.ts";
import { isUsername } from "../account/username.ts";
import { connectAdmin } from "../admin/client.ts";
import { loadConfig } from "../config/load.ts";
import { type Command, type CommandContext, EXIT } from "./command.ts";
import { settingsError, usageError } from "./command_line.ts";

/** `glossond bio`. */
export const bio: Command = {
  summary: "read a profile's bio as the relay does, and show what it sees",
  help: `Usage: glossond bio NAME [--code CODE] [--json]

Runs the program of GLOSSOND_GET_BIO_SCRIPT for a username, as for a claim: the
running relay does, as its own user and with what its unit allows; when none
runs, this command. Shows the bio, what the program wrote to standard error, and
how long it took (10 s at most).
Exit: 0 there is such a profile (with --code: and the code stands in its bio), 1
not, or it could not be found out, 2 NAME cannot be a username.

Options:
  --code CODE  look for a code that the relay gave somebody
  --json       for machines
  --dev        for the relay of glossond dev
`,
  options: { code: { type: "string" }, json: { type: "boolean" }, dev: { type: "boolean" } },
  takesWords: true,
  async run(context) {
    const { positionals, options, print } = context;
    const [username, ...others] = positionals;
    if (username === undefined || others.length > 0 || !isUsername(username)) {
      throw usageError("bio takes one username (a to z, 0 to 9, inner hyphens)", "bio");
    }
    const { stateDir, bioScript } = await placesOf(context);
    const admin = await connectAdmin(stateDir);
    const trial = admin === undefined
      ? await tryBio(bioScript, username)
      : await admin.bio(username);
    const code = typeof options.code === "string" ? options.code.toLowerCase() : undefined;
    const { result } = trial;
    const found = result.state === "found" && (code === undefined || hasCode(result.bio, code));
    const by = admin === undefined
      ? `this command, since no relay runs on ${stateDir}`
      : "the relay";
    print(
      options.json === true
        ? `${JSON.stringify({ username, ...trial, ...(code && { hasCode: found }) }, null, 2)}\n`
        : trialText(trial, by) + (code ? `code: ${found ? "stands in it" : "is not in it"}\n` : ""),
    );
    return found ? EXIT.ok : EXIT.failed;
  },
};

/** There need be no state folder: the script is written before the relay's first start. */
async function placesOf(
  { readSettings, options }: CommandContext,
): Promise<{ stateDir: string; bioScript: string }> {
  const { parsed, problems } = loadConfig({ ...await readSettings(), dev: options.dev === true });
  const { stateDir, bioScript } = parsed;
  if (stateDir === undefined || bioScript === undefined) throw settingsError(problems);
  return { stateDir, bioScript };
}

function trialText({ script, result, stderr, tookMs }: BioTrial, by: string): string {
  const what = {
    "found": "found",
    "not-found": "there is no such profile",
    "unavailable": "could not be found out",
  }[result.state];
  const why = result.state === "unavailable" ? `: ${result.why}` : "";
  return [
    `${script}, run by ${by}: ${what}${why} (${(tookMs / 1000).toFixed(1)} s)\n`,
    result.state === "found" ? part("bio", result.bio) : "",
    result.state === "found" ? `profile id: ${result.profileId ?? "none is told"}\n` : "",
    part("standard error", stderr),
  ].join("");
}

function part(name: string, text: string): string {
  const lines = text.trimEnd().split("\n");
  return text.trim() === "" ? `${name}: empty\n` : `${name}:\n  ${lines.join("\n  ")}\n`;
}
