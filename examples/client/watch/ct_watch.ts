import type { Log } from "../../../lib/log.ts";
import type { Sleep } from "../../../lib/net/pause.ts";
import { foreignCertificates, type ForeignOptions, foreignText } from "./foreign_certificates.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Options for {@linkcode watchCt}. */
export interface CtWatchOptions extends ForeignOptions {
  /** Milliseconds since the epoch. */
  now: () => number;
  sleep: Sleep;
  /** Uniform in [0, 1). */
  random: () => number;
  signal: AbortSignal;
  log: Log;
}

/** What to do about a certificate that is nobody's known. */
export const CT_ADVICE =
  "Ask the relay's operator; whoever has its key can stand for your page. If they did not " +
  "have it made, ask its authority to revoke it, and tell your visitors by another way";

/**
 * Looks about once a day for certificates that are good for the page and not for a known key, until the abort; when
 * it cannot, it tries hourly and says so once a day. Never rejects.
 */
export async function watchCt(options: CtWatchOptions): Promise<void> {
  const { now, sleep, random, signal, log } = options;
  let pauseMs = random() * HOUR_MS;
  let sayAt = 0;
  while (!signal.aborted) {
    await sleep(pauseMs, signal);
    if (signal.aborted) return;
    try {
      const { foreign, failures: [failure] } = await foreignCertificates(options);
      for (const one of foreign) {
        log.error(`A CERTIFICATE FOR THIS PAGE IS NEITHER YOURS NOR THE RELAY'S. ${CT_ADVICE}`, {
          certificate: foreignText(one),
        });
      }
      if (failure !== undefined) throw failure;
      log.debug("Looked for certificates in the public logs", { foreign: foreign.length });
      pauseMs = DAY_MS * (0.5 + random());
    } catch (error) {
      if (signal.aborted) return;
      pauseMs = HOUR_MS;
      if (now() < sayAt) continue;
      sayAt = now() + DAY_MS;
      log.warn("Cannot look for certificates in the public logs, trying hourly", { error });
    }
  }
}
