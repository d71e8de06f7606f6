import { type AlertName, alertRecord } from "../wire/alert.ts";
import { sendLastWords } from "../net/last_words.ts";
import { closeQuietly, type Duplex } from "../net/splice.ts";
import type { Ending, Outcome } from "./outcome.ts";
import type { Peeked } from "./peek.ts";
import { headTooLarge, type RedirectOptions, redirectToHttps } from "./redirect.ts";
import { isOurHost } from "./route.ts";

/** Sends a fatal alert and closes the connection; never rejects. */
export async function refuseByAlert(
  conn: Duplex,
  alert: AlertName,
  outcome: Outcome,
  detail?: string,
): Promise<Ending> {
  await sendLastWords(conn, alertRecord(alert));
  return { outcome, ...(detail !== undefined && { detail }) };
}

/** Answers what is not a ClientHello and closes the connection; never rejects. */
export async function refuseNoHello(
  conn: Duplex,
  peeked: Exclude<Peeked, { kind: "hello" }>,
  options: RedirectOptions,
): Promise<Ending> {
  switch (peeked.kind) {
    case "http": {
      const { host } = peeked;
      await sendLastWords(conn, redirectToHttps(peeked, options));
      if (host === undefined) return { outcome: "bad-http" };
      return { outcome: isOurHost(host, options) ? "http" : "bad-http", detail: host };
    }
    case "bad-http":
      await sendLastWords(
        conn,
        peeked.isTooLarge ? headTooLarge() : redirectToHttps(undefined, options),
      );
      return { outcome: "bad-http" };
    case "reject":
      // TLS has nearer alerts for some of it; PROTOCOL section 4 has one, so that clients of the
      // relay need to know no other.
      return await refuseByAlert(conn, "decodeError", peeked.reason, peeked.detail);
    case "close":
      closeQuietly(conn);
      return { outcome: peeked.reason };
  }
}
