import { dirname } from "node:path";
import type { Api } from "./api.ts";
import type { Verified } from "./relay_answers.ts";
import { MAX_CHECKS, pauseBeforeCheck } from "./check_schedule.ts";
import { RelayProblem, RelayUnreachable } from "./problem.ts";
import type { PendingClaim } from "./records.ts";
import type { State } from "./state.ts";
import type { Lines } from "./terminal.ts";
import type { Sleep } from "../../lib/net/pause.ts";

/** A claim of an earlier run is continued when its code lasts at least this long, milliseconds. */
const WORTH_CONTINUING_MS = 120_000;

/** Longest wait for Enter alone, when no check is made by itself any more; milliseconds. */
const ENTER_ONLY_MS = 3_600_000;

/** What {@linkcode claimName} needs. */
export interface ClaimOptions {
  api: Pick<Api, "claim" | "verify">;
  state: State;
  username: string;
  relay: URL;
  /** File that the code is written into. */
  bioFile?: string;
  /** Tells the person something, one line or more. */
  say: (text: string) => void;
  /** What the person types; undefined when there is no terminal. */
  lines?: Lines;
  now: () => number;
  sleep: Sleep;
}

/**
 * Claims a name: shows the code, then has the relay look for it until it is found.
 *
 * @throws {RelayProblem} when the relay refuses for good.
 * @throws {Error} when the code's time is over.
 */
export async function claimName(options: ClaimOptions): Promise<Verified> {
  const left = await leftClaim(options);
  if (left !== undefined) {
    try {
      return await prove(left, options);
    } catch (error) {
      // An earlier run may have ended between the relay's word and the saving of the token.
      if (!(error instanceof RelayProblem && isGone(error))) throw error;
      options.say("That code was used up; here is a new one.");
    }
  }
  return await prove(await newClaim(options), options);
}

/** Shows the claim's code, and waits until the relay found it. */
async function prove(claim: PendingClaim, options: ClaimOptions): Promise<Verified> {
  const { state, username, bioFile, say, lines, now } = options;
  const expiresAt = Date.parse(claim.expiresAt);
  const minutes = Math.max(1, Math.round((expiresAt - now()) / 60_000));
  say(`
To show that ${username} is you, put this code into the bio of your profile "${username}"
and save it. It has to stand alone, with spaces or line ends around it:

    ${claim.code}

It is good for ${minutes} minutes, and it is no secret. You can take it out again afterwards.
`);
  if (bioFile !== undefined) {
    await Deno.mkdir(dirname(bioFile), { recursive: true });
    await Deno.writeTextFile(bioFile, `${claim.code}\n`);
    say(`The code was written into ${bioFile}.`);
  } else {
    const enter = lines === undefined ? "" : "; press Enter to have it looked at now";
    say(`Waiting, and looking for it every now and then${enter} ...`);
  }
  const verified = await untilFound(claim, expiresAt, options);
  await state.saveClaim(undefined);
  return verified;
}

async function leftClaim(options: ClaimOptions): Promise<PendingClaim | undefined> {
  const { state, username, relay, now, say } = options;
  const left = await state.claim();
  if (left?.username !== username || left.relay !== relay.href) return undefined;
  if (Date.parse(left.expiresAt) - now() < WORTH_CONTINUING_MS) return undefined;
  say("Going on with the code of the last time.");
  return left;
}

async function newClaim({ api, state, username, relay }: ClaimOptions): Promise<PendingClaim> {
  const { claim, hostname, code, expiresAt } = await api.claim(username);
  const pending = { relay: relay.href, username, hostname, claim, code, expiresAt };
  await state.saveClaim(pending);
  return pending;
}

async function untilFound(
  { claim }: PendingClaim,
  expiresAt: number,
  options: ClaimOptions,
): Promise<Verified> {
  const { api, state, bioFile, say, lines, now, sleep } = options;
  let automatic = 0;
  // A file is there at once, a person is not.
  let pause = bioFile === undefined ? pauseBeforeCheck(automatic) : 0;
  for (let checks = 0; checks < MAX_CHECKS; checks++) {
    const waitMs = Math.min(pause ?? ENTER_ONLY_MS, Math.max(0, expiresAt - now()));
    if (!(await enterOr(waitMs, lines, sleep))) automatic++;
    if (now() >= expiresAt) break;
    pause = pauseBeforeCheck(automatic);
    try {
      return await api.verify(claim);
    } catch (error) {
      if (error instanceof RelayProblem && isFinal(error)) {
        await state.saveClaim(undefined);
        throw error;
      }
      if (!(error instanceof RelayProblem || error instanceof RelayUnreachable)) throw error;
      const asked = error instanceof RelayProblem ? error.retryAfterMs ?? 0 : 0;
      if (pause !== undefined) pause = Math.max(pause, asked);
      const next = pause === undefined ? "" : ` Looking again in ${Math.round(pause / 1000)} s.`;
      say(`Not yet. ${error.message}${next}`);
    }
  }
  await state.saveClaim(undefined);
  throw new Error("The code's time is over before it was found. Run the same again for a new code");
}

/** Whether asking again with this claim can never help. */
function isFinal(problem: RelayProblem): boolean {
  return isGone(problem) || problem.status === 401 || problem.status === 403;
}

/** Whether the relay knows this claim no more; a new one can help. */
function isGone({ code }: RelayProblem): boolean {
  return code === "claim-not-found" || code === "claim-expired";
}

/** Waits for Enter or the time, whichever comes first; true for Enter. */
async function enterOr(ms: number, lines: Lines | undefined, sleep: Sleep): Promise<boolean> {
  const over = new AbortController();
  const time = sleep(ms, over.signal).then(() => false);
  // After the end of the input nobody presses Enter any more.
  const enter = lines?.next().then((line) => line === null ? time : true);
  const pressed = await Promise.race(enter === undefined ? [time] : [time, enter]);
  over.abort();
  return pressed;
}
