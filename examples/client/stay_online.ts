import { afterEnding, MAX_RETRY_AFTER_MS } from "./after_ending.ts";
import { askedPauseMs } from "./asked_pause.ts";
import { Backoff, COMING_BACK } from "./backoff.ts";
import { EXIT, exitCodeOf, type FinalWord } from "./exit_codes.ts";
import type { Health } from "./health.ts";
import { beOnline, type OnlineOptions } from "./online.ts";
import { lookForRelay, type Presence, restarted } from "./restarted.ts";
import { timeout } from "../../lib/net/schedule.ts";

/** How long a session has to last for the next pause to be a short one again, milliseconds. */
const STABLE_MS = 30_000;

/**
 * How long after a relay has said that it leaves it is taken for one that stops, milliseconds: where another process
 * takes its place one is online again by then. One that stops waits for connections that visitors only keep.
 */
const RENEW_MS = 2_500;

/** Options for {@linkcode stayOnline}. */
export interface StayOnlineOptions extends Omit<OnlineOptions, "onDataPath"> {
  /** Is told how things stand. */
  health: Health;
}

/**
 * Goes online and comes back after every loss, until the signal is aborted.
 *
 * @returns undefined after an abort, else why not to come back, for a person.
 */
export async function stayOnline(options: StayOnlineOptions): Promise<FinalWord | undefined> {
  const { health, relay, signal, elapsed, sleep, random, log } = options;
  const backoff = new Backoff({ ...COMING_BACK, random });
  let lostAt = elapsed();
  let callOffRenewal = (): void => {};
  signal.addEventListener("abort", () => callOffRenewal(), { once: true });
  while (!signal.aborted) {
    let onlineSince: number | undefined;
    const ending = await beOnline({
      ...options,
      onOnline(page) {
        onlineSince = elapsed();
        callOffRenewal();
        health.online(page);
        options.onOnline(page);
      },
      onDataPath: (report) => health.dataPath(report),
    });
    if (ending.kind === "stopped") return undefined;
    if (ending.kind === "goodbye" && ending.reason === "draining") {
      callOffRenewal = timeout(() => options.front.renew(), RENEW_MS);
    }
    const next = afterEnding(ending);
    if (next.act === "stop") return await inFull(next.word, options);
    if (onlineSince !== undefined) lostAt = elapsed();
    const asked = onlineSince === undefined ? await ask(options.api, "control") : undefined;
    if (asked?.refusal !== undefined) return asked.refusal;
    const askedMs = next.waitMs || (asked?.waitMs ?? 0);
    const lasted = onlineSince !== undefined && elapsed() - onlineSince >= STABLE_MS;
    if (lasted) backoff.reset();
    // A relay that says when to come back has spread its clients; over and over it is a failure.
    const waitMs = askedMs + (lasted && askedMs > 0 ? 0 : backoff.next());
    if (signal.aborted) return undefined;
    const why = asked?.failure ?? next.why;
    health.offline(why);
    // Sooner where the relay is seen to listen again.
    log.warn("Not online, coming back", { why, inSeconds: Math.round(waitMs / 1000) });
    // Begun before the looks, which may take a while: their time is part of it.
    const over = new AbortController();
    const pause = sleep(waitMs, AbortSignal.any([signal, over.signal]));
    const look = (): Promise<Presence> => lookForRelay(relay, signal);
    // A pause that the relay asked for is kept.
    if (askedMs === 0 && await restarted(lostAt, { look, elapsed, sleep, random, signal })) {
      over.abort();
    }
    await pause;
  }
  return undefined;
}

/**
 * Asks the relay what is wrong: a `WebSocket` that does not open tells neither what the relay answered nor why it
 * could not be reached.
 *
 * @returns `refusal` when the account is not let in, `failure` when it may be later, after `waitMs`.
 */
async function ask(
  api: OnlineOptions["api"],
  what: "account" | "control",
): Promise<{ refusal?: FinalWord; failure?: string; waitMs?: number }> {
  try {
    await api[what]();
    return {};
  } catch (error) {
    const { message } = error as Error;
    const exitCode = exitCodeOf(error);
    if (exitCode === EXIT.unauthorized) {
      return { refusal: { exitCode, message: `${message} Run glosson setup to get a new token.` } };
    }
    if (exitCode === EXIT.blocked) return { refusal: { exitCode, message } };
    return { failure: message, waitMs: Math.min(askedPauseMs(error, 0), MAX_RETRY_AFTER_MS) };
  }
}

/** A relay revokes the token of a name that is blocked as of one that is given away: which is it? */
async function inFull(
  word: FinalWord,
  { api }: Pick<OnlineOptions, "api">,
): Promise<FinalWord> {
  if (word.exitCode !== EXIT.unauthorized) return word;
  const { refusal } = await ask(api, "account");
  return refusal?.exitCode === EXIT.blocked ? refusal : word;
}
