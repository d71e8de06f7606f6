import type { Duplex } from "../../../lib/net/splice.ts";

/**
 * A connection on which a reset counts as the end: an app that answers before it has read a body, and
 * closes, resets it behind the answer. One that announces its length is found to be torn all the same.
 */
export function endedByReset(conn: Duplex): Pick<Duplex, "read"> {
  return {
    async read(p) {
      try {
        return await conn.read(p);
      } catch (error) {
        if (isReset(error)) return null;
        throw error;
      }
    },
  };
}

function isReset(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset ||
    (error as { code?: string }).code === "ECONNRESET";
}
