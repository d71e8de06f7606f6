import { join } from "node:path";

/** Holds the secret of the operator's commands: who may read the state folder may give them. */
const TOKEN_FILE = "admin-token";

/** Tells where the running relay listens for them, since a port of 0 takes any. */
const ADDRESS_FILE = "admin-address";

/** How the operator's commands reach a running relay. */
export interface AdminAccess {
  /** `http://host:port`. */
  url: string;
  /** Sent as `Authorization: Bearer TOKEN`. */
  token: string;
}

/**
 * The token of this state folder, made at the first call (mode 0600); the same from then on, so that
 * a monitoring system can be given it.
 */
export async function adminToken(stateDir: string): Promise<string> {
  const path = join(stateDir, TOKEN_FILE);
  const known = (await readIfThere(path))?.trim();
  if (known) return known;
  const token = crypto.getRandomValues(new Uint8Array(24))
    .toBase64({ alphabet: "base64url", omitPadding: true });
  const aside = `${path}.new`;
  await Deno.remove(aside).catch(() => {});
  await Deno.writeTextFile(aside, `${token}\n`, { mode: 0o600, createNew: true });
  await Deno.rename(aside, path);
  return token;
}

/** Notes where the running relay listens; the caller removes it with {@linkcode clearAdminUrl}. */
export async function noteAdminUrl(stateDir: string, url: string): Promise<void> {
  await Deno.writeTextFile(join(stateDir, ADDRESS_FILE), `${url}\n`, { mode: 0o600 });
}

/** Forgets where the relay listened: it stops. */
export async function clearAdminUrl(stateDir: string): Promise<void> {
  await Deno.remove(join(stateDir, ADDRESS_FILE)).catch(() => {});
}

/**
 * How to reach the relay of this state folder; undefined when none was started or it has stopped.
 * After a crash the answer may be out of date.
 *
 * @throws {Error} when the files may not be read; the message has the mend.
 */
export async function readAdminAccess(stateDir: string): Promise<AdminAccess | undefined> {
  const url = (await readIfThere(join(stateDir, ADDRESS_FILE)))?.trim();
  const token = (await readIfThere(join(stateDir, TOKEN_FILE)))?.trim();
  return url && token ? { url, token } : undefined;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new Error(
      `Cannot read ${path}: ${(error as Error).message}; run this as the relay's user, or as root`,
    );
  }
}
