import { DATA_REFUSED, PREFACE_BYTES, readPreface } from "../wire/messages.ts";
import { BufferPool } from "../net/buffer_pool.ts";
import { closeQuietly, type Duplex } from "../net/splice.ts";
import { TokenBuckets } from "../net/token_buckets.ts";
import { scheduleTimeout } from "../net/schedule.ts";
import { sendLastWords } from "../net/last_words.ts";
import type { Redeem, Tickets } from "./tickets.ts";
import type { Log } from "../log.ts";

/** How long a client may take to show its ticket. */
export const PREFACE_TIMEOUT_MS = 5_000;

/** Where prefaces are read into. */
const prefaces = new BufferPool(PREFACE_BYTES);

/** Refusals a second that an address is told of, and at once before that. */
const TOLD = { perSecond: 5, burst: 100 } as const;

/** Options for {@linkcode createDataPort}. */
export interface DataPortOptions {
  tickets: Tickets<Redeem>;
  /** Groups that limits count an address in, narrowest first. @default none, so not limited */
  addressGroups?: (address: string) => readonly string[];
  log: Log;
  /** Told of each refusal, by its reason. */
  onRefused?: (reason: "preface" | "ticket" | "timeout") => void;
}

/**
 * Makes the handler of the data port: reads the preface and hands the connection to whoever the
 * ticket stands for, or refuses and closes it.
 */
export function createDataPort(options: DataPortOptions): (conn: Deno.TcpConn) => Promise<void> {
  const { tickets, addressGroups = () => [], log, onRefused = () => {} } = options;
  const told = new TokenBuckets(TOLD);

  async function refuse(
    conn: Deno.TcpConn,
    reason: "preface" | "ticket" | "timeout",
  ): Promise<void> {
    onRefused(reason);
    log.debug("data connection refused", { reason });
    // To tell somebody and to wait until they have read it costs more than all before it.
    if (told.take(...addressGroups(conn.remoteAddr.hostname))) {
      await sendLastWords(conn, DATA_REFUSED);
    } else closeQuietly(conn);
  }

  return async function onConnection(conn) {
    let late: Promise<void> | undefined;
    // Its end ends the read that waits.
    const callOff = scheduleTimeout(() => late = refuse(conn, "timeout"), PREFACE_TIMEOUT_MS);
    const ticket = await readTicket(conn);
    callOff();
    if (late !== undefined) return await late;
    const redeem = ticket === undefined ? undefined : tickets.take(ticket);
    if (redeem !== undefined) return redeem(conn);
    await refuse(conn, ticket === undefined ? "preface" : "ticket");
  };
}

/**
 * Reads the preface and not a byte more, since what follows belongs to the visitor's connection; the ticket
 * in it, undefined where it has none or the peer ends before it is complete.
 */
async function readTicket(conn: Duplex): Promise<string | undefined> {
  const bytes = prefaces.take();
  try {
    for (let length = 0; length < PREFACE_BYTES;) {
      const n = await conn.read(length === 0 ? bytes : bytes.subarray(length));
      if (n === null) return undefined;
      length += n;
    }
    return readPreface(bytes);
  } catch {
    return undefined;
  } finally {
    prefaces.giveBack(bytes);
  }
}
