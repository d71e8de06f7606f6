import type { Ask } from "./engine.ts";
import { NO_POOLER } from "./errors.ts";

/**
 * Looks whether a database can keep every text, and whether a session is one connection to its server.
 *
 * Relays listen, and have deadlines, for a session: over a pooler that gives each transaction another
 * connection they would hear of nothing, and it tells nobody so.
 *
 * @throws {Error} when not; the message has the fix.
 */
export async function requireServer(ask: Ask): Promise<void> {
  const { rows: [row] } = await ask<{ encoding: string; deadline: string }>(
    `SELECT current_setting('server_encoding') AS encoding, current_setting('lock_timeout') AS deadline`,
  );
  const { encoding, deadline } = row!;
  // A pooler has to be told to drop what a session begins with, or it would not have come this far.
  if (deadline === "0") {
    throw new Error(
      `Cannot use the database: its server was not told of any deadline; ${NO_POOLER}`,
    );
  }
  if (encoding === "UTF8") return;
  throw new Error(
    `Cannot use the database: its encoding ${encoding} has not every letter; make another one (createdb --encoding=UTF8 --template=template0)`,
  );
}
