import { type Log, SILENT_LOG } from "../log.ts";
import { type BioProcessEnd, runBioProcess } from "./bio_process.ts";
import { SUPERVISOR_FOUND, SUPERVISOR_NOT_FOUND } from "./bio_supervisor.ts";

/** How a script tells the id of the profile that it found. */
const PROFILE_ID_LINE = /^profile-id: ([^\p{Cc}]{1,200})(?:\r?\n|$)/u;

/** What asking for a profile came to; `why` is for the operator, not for the user. */
export type BioResult =
  | {
    state: "found";
    bio: string;
    /** What tells the profile from any other, of the same name too; absent where the script does not. */
    profileId?: string;
  }
  | { state: "not-found" }
  | { state: "unavailable"; why: string };

/** Options for {@linkcode createBioCommand}. */
export interface BioCommandOptions {
  /** Path of the operator's script, `get_bio.py`; a function is asked before each run. */
  script: string | (() => string);
  /** The Python that runs it; the one program that the relay may start. @default {"python3"} */
  interpreter?: string;
  /** How long one run may take. @default {10_000} */
  timeoutMs?: number;
  /** The longest bio. @default {65_536} */
  maxBytes?: number;
  log?: Log;
}

/** Asks the operator's script for public profiles. */
export interface BioCommand {
  /** Runs the script for one username, passed as a plain argument. Never rejects. */
  run(username: string): Promise<BioResult>;
  /** How many scripts are running now. */
  running(): number;
}

/**
 * Makes the runner of `get_bio.py NAME`, which prints the public bio of a profile.
 *
 * Exit status 0 is found and 1 no such profile. Anything else, no output at all, too much of it or
 * too long a wait is unavailable: nothing is then known about the profile. Bytes that are no UTF-8
 * become U+FFFD. Where its error output begins with a line `profile-id: ID`, that is the profile's id.
 * How many run at once is the caller's to bound, see `bio_queue.ts`.
 */
export function createBioCommand(options: BioCommandOptions): BioCommand {
  const {
    script,
    interpreter = "python3",
    timeoutMs = 10_000,
    maxBytes = 65_536,
    log = SILENT_LOG,
  } = options;
  let running = 0;

  async function run(username: string): Promise<BioResult> {
    running++;
    try {
      const end = await runBioProcess({
        interpreter,
        script: typeof script === "string" ? script : script(),
        argument: username,
        timeoutMs,
        maxBytes,
      });
      const { profileId, stderr } = readErrorOutput(end.stderr);
      const result = judge(end, timeoutMs, maxBytes);
      if (result.state === "found" && profileId !== undefined) result.profileId = profileId;
      if (result.state === "unavailable") {
        log.warn("bio script failed", { username, why: result.why, stderr });
      } else if (stderr) {
        log.warn("bio script wrote to stderr", { username, state: result.state, stderr });
      }
      return result;
    } catch (error) {
      log.error("cannot start the bio script's interpreter; is it installed?", {
        interpreter,
        error,
      });
      return { state: "unavailable", why: `cannot start ${interpreter}` };
    } finally {
      running--;
    }
  }

  return { run, running: () => running };
}

/**
 * Parts the id that a script tells from what it says to the log. Only the first line can be one: further
 * on there may be words of others.
 */
function readErrorOutput(text: string): { profileId?: string; stderr?: string } {
  const match = PROFILE_ID_LINE.exec(text);
  const rest = match === null ? text : text.slice(match[0].length).trim();
  return {
    ...(match !== null && { profileId: match[1]! }),
    ...(rest !== "" && { stderr: rest }),
  };
}

function judge(end: BioProcessEnd, timeoutMs: number, maxBytes: number): BioResult {
  if (end.ended === "timed-out") {
    return { state: "unavailable", why: `it took longer than ${timeoutMs} ms` };
  }
  if (end.ended === "too-long") {
    return { state: "unavailable", why: `it printed more than ${maxBytes} bytes` };
  }
  if (end.code === SUPERVISOR_NOT_FOUND) return { state: "not-found" };
  if (end.code !== SUPERVISOR_FOUND) {
    return { state: "unavailable", why: `it ended with status ${end.code}` };
  }
  if (end.stdout.length === 0) return { state: "unavailable", why: "it printed nothing" };
  return { state: "found", bio: new TextDecoder().decode(end.stdout) };
}
