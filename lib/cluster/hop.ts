import type { IdleWatch } from "../net/idle_watch.ts";
import { closeQuietly, type Duplex, splice, writeAll } from "../net/splice.ts";
import { dataPreface } from "../wire/messages.ts";

/** How long the other relay's data port may take to be reached. */
const CONNECT_MS = 5_000;

/**
 * Takes a data connection on to the relay whose ticket it showed here, and passes bytes until both
 * ends are over: what a client needs that shows every ticket where `online` said. Never a second time:
 * there the ticket is at home. Closes the connection; never rejects.
 *
 * @param idle ends it where nothing is heard for too long, as when the other relay's machine is gone without a word.
 * @returns the bytes that passed, both ways.
 */
export async function hop(
  conn: Duplex,
  ticket: string,
  { dataHost, dataPort }: { dataHost: string; dataPort: number },
  idle?: IdleWatch,
): Promise<number> {
  let onward: Deno.TcpConn;
  try {
    onward = await Deno.connect({
      hostname: dataHost,
      port: dataPort,
      signal: AbortSignal.timeout(CONNECT_MS),
    });
  } catch {
    closeQuietly(conn);
    return 0;
  }
  try {
    onward.setNoDelay(true);
    await writeAll(onward, dataPreface(ticket));
  } catch {
    closeQuietly(conn);
    closeQuietly(onward);
    return 0;
  }
  const { forward, backward } = await splice(conn, onward, { idle });
  return forward + backward;
}
