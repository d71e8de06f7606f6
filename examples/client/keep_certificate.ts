import type { Log } from "../../lib/log.ts";
import { askedPauseMs } from "./asked_pause.ts";
import { Backoff } from "./backoff.ts";
import { isRefusalOfNames } from "./certificate_request.ts";
import type { Identity } from "./identity.ts";
import { RelayProblem } from "./problem.ts";
import { nextLookMs, renewalTime } from "./renewal.ts";
import type { Sleep } from "../../lib/net/pause.ts";

/** Bounds of the pause after a failed request, milliseconds: a relay grants 5 a day, an authority hardly more. */
const PAUSE_MS = { first: 120_000, longest: 21_600_000 } as const;

/** Options for {@linkcode firstCertificate} and {@linkcode keepCertificate}. */
export interface KeepOptions {
  /**
   * Has whoever orders make a certificate, and saves it.
   *
   * @param had names that there were, where one for these, or for the page's own alone, is better than none.
   */
  obtain: (had?: readonly string[]) => Promise<Identity>;
  /** The names that it is to be for. @default those that it is for */
  hosts?: readonly string[];
  now: () => number;
  sleep: Sleep;
  /** Uniform in [0, 1). */
  random: () => number;
  signal: AbortSignal;
  log: Log;
}

/**
 * Gets a certificate when there is none to begin with, trying until it works.
 *
 * @returns undefined when the signal was aborted first.
 * @throws {RelayProblem} when the relay does not accept the account.
 */
export async function firstCertificate(options: KeepOptions): Promise<Identity | undefined> {
  const { obtain, now, sleep, signal, log } = options;
  const backoff = pauses(options);
  while (!signal.aborted) {
    try {
      return await obtain([]);
    } catch (error) {
      if (signal.aborted) return undefined;
      if (error instanceof RelayProblem && (error.status === 401 || error.status === 403)) {
        throw error;
      }
      const waitMs = pause(error, now(), backoff);
      log.error("No certificate yet, trying again", {
        error,
        inSeconds: Math.round(waitMs / 1000),
      });
      await sleep(waitMs, signal);
    }
  }
  return undefined;
}

/**
 * Renews the certificate whenever it is due, handing each new one to `use`, until the abort. Names that it lacks are
 * asked for at once; those that the relay refuses, again at the renewal.
 */
export async function keepCertificate(
  first: Identity,
  use: (identity: Identity) => void,
  options: KeepOptions,
): Promise<void> {
  const { obtain, hosts = [], now, sleep, random, signal, log } = options;
  const backoff = pauses(options);
  let current = first;
  let isRefused = false;
  while (!signal.aborted) {
    const isDue = now() >= renewalTime(current);
    const missing = hosts.filter((host) => !current.names.includes(host));
    if (!isDue && (isRefused || missing.length === 0)) {
      await sleep(nextLookMs(renewalTime(current), now(), random()), signal);
      continue;
    }
    try {
      current = await obtain(isDue ? current.names : undefined);
      use(current);
      isRefused = hosts.some((host) => !current.names.includes(host));
      backoff.reset();
      log.info("Certificate renewed", {
        notAfter: new Date(current.notAfter).toISOString(),
        ...(current.names.length > 1 && { names: current.names.join(" ") }),
      });
      // Also when the new one is due at once by its dates: never one request after another.
      await sleep(nextLookMs(renewalTime(current), now(), random()), signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!isDue && isRefusalOfNames(error)) {
        isRefused = true;
        log.warn("The relay gives not all names, what there is goes on until the renewal", {
          ...{ names: missing.join(" "), error },
        });
        continue;
      }
      const waitMs = pause(error, now(), backoff);
      log.warn("Cannot renew the certificate, trying again", {
        error,
        notAfter: new Date(current.notAfter).toISOString(),
        inSeconds: Math.round(waitMs / 1000),
      });
      await sleep(waitMs, signal);
    }
  }
}

function pauses({ random }: KeepOptions): Backoff {
  return new Backoff({ firstMs: PAUSE_MS.first, longestMs: PAUSE_MS.longest, random });
}

/** A share of the back-off on top of what the relay or the authority asks for. */
function pause(error: unknown, now: number, backoff: Backoff): number {
  return askedPauseMs(error, now) + backoff.next();
}
