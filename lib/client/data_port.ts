import { DATA_REFUSED, PREFACE_BYTES, readPreface } from "../wire/messages.ts";
import type { Duplex } from "../net/splice.ts";
import { scheduleTimeout } from "../net/schedule.ts";
import { sendLastWords } from "../net/last_words.ts";
import type { Redeem } from "./session.ts";
import type { Tickets } from "./tickets.ts";
import type { Log } from "../log.ts";

/** How long a client may take to show its ticket. */
export const PREFACE_TIMEOUT_MS = 5_000;

/** Options for {@linkcode createDataPort}. */
export interface DataPortOptions {
  tickets: Tickets<Redeem>;
  log: Log;
  /** Told of each refusal, by its reason. */
  onRefused?: (reason: "preface" | "ticket" | "timeout") => void;
}

/**
 * Makes the handler of the data port: reads the preface and hands the connection to whoever the
 * ticket stands for, or refuses and closes it.
 */
export function createDataPort(options: DataPortOptions): (conn: Deno.TcpConn) => Promise<void> {
  const { tickets, log, onRefused = () => {} } = options;

  return async function onConnection(conn) {
    conn.setNoDelay(true);
    // A peer that vanished is noticed in the end, though nothing is sent to it.
    conn.setKeepAlive(true);
    const preface = await readPrefaceBytes(conn);
    const ticket = typeof preface === "string" ? undefined : readPreface(preface);
    const redeem = ticket === undefined ? undefined : tickets.take(ticket);
    if (redeem !== undefined) return redeem(conn);
    const reason = preface === "timeout"
      ? "timeout" as const
      : ticket === undefined
      ? "preface" as const
      : "ticket" as const;
    onRefused(reason);
    log.debug("data connection refused", { reason });
    await sendLastWords(conn, DATA_REFUSED);
  };
}

/**
 * Reads the preface and not a byte more, since what follows belongs to the visitor's connection.
 */
async function readPrefaceBytes(conn: Duplex): Promise<Uint8Array | "timeout" | "ended"> {
  const bytes = new Uint8Array(PREFACE_BYTES);
  const { promise: late, resolve } = Promise.withResolvers<"timeout">();
  const callOff = scheduleTimeout(() => resolve("timeout"), PREFACE_TIMEOUT_MS);
  try {
    for (let length = 0; length < PREFACE_BYTES;) {
      const n = await Promise.race([conn.read(bytes.subarray(length)), late]);
      if (n === "timeout") return "timeout";
      if (n === null) return "ended";
      length += n;
    }
    return bytes;
  } catch {
    return "ended";
  } finally {
    callOff();
  }
}
