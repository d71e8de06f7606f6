import { sendLastWords } from "../../../lib/net/last_words.ts";
import type { Duplex } from "../../../lib/net/splice.ts";
import { alertRecord } from "../../../lib/wire/alert.ts";
import type { Connection } from "./connection.ts";
import { answerProof } from "./proof.ts";
import { readHello } from "./read_hello.ts";
import type { TlsEnd } from "./tls_end.ts";
import type { TlsEnds } from "./tls_ends.ts";
import type { Visit } from "./visit.ts";

/**
 * The TLS server that a visitor is for, and what was read of them; none where all was done here. Never rejects.
 *
 * @param head what was read of `conn` already.
 */
export async function chooseEnd(
  ends: TlsEnds,
  conn: Duplex,
  visit: Visit,
  head: Uint8Array,
  { limits, schedule, log }: Pick<Connection, "limits" | "schedule" | "log">,
): Promise<{ tls: TlsEnd | undefined; opening: Uint8Array }> {
  if (!ends.areSeveral) return { tls: ends.main, opening: head };
  const late = schedule(() => visit.end(), limits.handshake);
  try {
    const hello = await readHello(conn, head);
    const { tls, proof } = ends.of(hello);
    if (proof !== undefined) await answerProof(conn, hello.head, proof);
    else if (tls === undefined) await sendLastWords(conn, alertRecord("internalError"));
    return { tls, opening: hello.head };
  } catch (error) {
    // Theirs, whatever it is: what they sent, or that they are slow to send it or to leave.
    log.debug("A visitor's handshake broke", { error });
    await sendLastWords(conn, alertRecord("handshakeFailure"));
    return { tls: undefined, opening: head };
  } finally {
    late();
  }
}
