import { tryBio } from "../account/bio_trial.ts";
import type { AdminClient } from "../admin/client.ts";
import type { Settings } from "../config/settings.ts";
import { isUnedited } from "../init/bio_script.ts";
import { fault, type Finding, ok, warning } from "./finding.ts";

/** A name that no profile has, so that the bio script has to say so. */
const NOBODY = "glossond-doctor-nobody";

/** Has the relay run the bio script for a name that nobody has; runs it itself when none runs. */
export async function checkBio(settings: Settings, relay?: AdminClient): Promise<Finding> {
  const check = "bio script";
  const text = await Deno.readTextFile(settings.bioScript).catch(() => "");
  // For a trial on this machine it is right as it is.
  if (settings.authority === "acme" && isUnedited(text)) {
    return warning(
      check,
      `${settings.bioScript} is the example as it came, which finds nobody's profile`,
      "write PROFILE_URL and PROFILE_SELECTOR at its top, and see what glossond bio NAME shows",
    );
  }
  const trial = await (relay?.bio(NOBODY) ?? tryBio(settings.bioScript, NOBODY)).catch((
    error: Error,
  ) => error);
  if (trial instanceof Error) return fault(check, trial.message, "see the relay's log");
  // The running relay's own, whatever the settings here say.
  const { script, result, stderr } = trial;
  const said = stderr.trim().split("\n").at(-1);
  // A script that crashes ends with 1 too, the status of "no such profile": only its words tell.
  if (result.state === "not-found" && said) {
    return fault(
      check,
      `${script} complains about ${NOBODY}: ${said}`,
      `see what glossond bio ${NOBODY} shows: it must exit with 1 and write no error`,
    );
  }
  if (result.state === "not-found") return ok(check, `${script} knows no ${NOBODY}, as it should`);
  if (result.state === "found") {
    return warning(
      check,
      `${script} prints a bio for ${NOBODY}, whom nobody is`,
      "let it exit with 1 where there is no such profile",
    );
  }
  return fault(
    check,
    `${script} fails: ${result.why}${said ? ` (${said})` : ""}`,
    "see what glossond bio NAME shows: it must exit with 0 and print the bio, or with 1 for nobody",
  );
}
