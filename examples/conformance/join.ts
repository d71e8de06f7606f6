import { sleep } from "../../lib/net/pause.ts";
import { closeQuietly, writeAll } from "../../lib/net/splice.ts";
import type { Waiting } from "./data_port.ts";

/** How many bytes of a piece come one by one with a pause between, and the pause in milliseconds. */
const APART = 40;
const APART_MS = 10;

/** A visitor and a client that were joined. */
export interface Joined {
  /** Ends the direction to the client, as a visitor does who has said everything. */
  endTowardsClient(): Promise<void>;
  /** Resolves when the client ended its direction: true in order, false by a reset. */
  clientEnded: Promise<boolean>;
}

/** Options for {@linkcode join}. */
export interface JoinOptions {
  /** The PROXY header, or what stands in its place. */
  header: Uint8Array;
  /** Sends the header and the first bytes one by one. */
  dribble?: boolean;
}

/** Joins a visitor to a data connection: the header first, then every byte both ways. */
export async function join(
  visitor: Deno.TcpConn,
  client: Waiting,
  { header, dribble = false }: JoinOptions,
): Promise<Joined> {
  const { conn, first } = client;
  let ended = false;
  let dribbling = dribble;

  async function send(bytes: Uint8Array): Promise<void> {
    if (!dribbling) return await writeAll(conn, bytes);
    for (let i = 0; i < bytes.length; i++) {
      await writeAll(conn, bytes.subarray(i, i + 1));
      // A client that is slow to read would find several at once.
      if (i < APART) await sleep(APART_MS);
    }
  }

  async function end(): Promise<void> {
    if (ended) return;
    ended = true;
    await conn.closeWrite().catch(() => {});
  }

  async function forward(): Promise<void> {
    const bytes = new Uint8Array(64 * 1024);
    for (let n = await visitor.read(bytes); n !== null; n = await visitor.read(bytes)) {
      if (ended) continue;
      await send(bytes.subarray(0, n));
      dribbling = false;
    }
    await end();
  }

  async function backward(): Promise<boolean> {
    try {
      const bytes = new Uint8Array(64 * 1024);
      const head = await first;
      let n: number | null = null;
      if (head !== null) {
        await writeAll(visitor, head);
        n = await conn.read(bytes);
      }
      for (; n !== null; n = await conn.read(bytes)) await writeAll(visitor, bytes.subarray(0, n));
      return true;
    } catch {
      return false;
    } finally {
      await visitor.closeWrite().catch(() => {});
    }
  }

  await send(header);
  const clientEnded = backward();
  const both = Promise.all([forward().catch(() => {}), clientEnded]);
  both.then(() => {
    closeQuietly(conn);
    closeQuietly(visitor);
  });
  return { endTowardsClient: end, clientEnded };
}
