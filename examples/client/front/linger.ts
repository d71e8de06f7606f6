import type { Duplex } from "../../../lib/net/splice.ts";
import type { Connection } from "./connection.ts";
import { PatientDuplex } from "./patient_duplex.ts";

/** What of a lingering visitor's is thrown away. */
const discarded = new Uint8Array(64 * 1024);

/** Longest time that one is listened to, in times of the limit for silence. */
const MOST_LINGERS = 6;

/**
 * Ends our side and reads what the visitor still sends until they have ended theirs: closing with
 * bytes unread would take the answer back (RFC 9112 section 9.6).
 */
export async function linger(
  conn: Duplex,
  { limits, schedule }: Pick<Connection, "limits" | "schedule">,
): Promise<void> {
  const last = schedule(() => conn.close(), limits.linger * MOST_LINGERS);
  const silent = new PatientDuplex(conn, schedule, { read: limits.linger, write: limits.linger });
  try {
    await silent.closeWrite();
    while (await silent.read(discarded) !== null);
  } catch {
    // Whoever does not end is ended: the answer has had its time.
  } finally {
    last();
  }
}
