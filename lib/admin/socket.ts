/**
 * The Unix socket in the state folder through which the operator's commands reach the relay that
 * runs. The folder is its owner's alone, so nobody else can connect to it or take its place: there is
 * no secret to send, and none to give to an impostor.
 */
import { join } from "node:path";
import { lstat } from "../file/plain_file.ts";
import { socketPath } from "../file/socket_path.ts";
import type { Log } from "../log.ts";
import { superviseHttp } from "../net/serve_http.ts";
import { serveSocket } from "../net/serve_socket.ts";

/** The socket's name in the state folder. */
const SOCKET_FILE = "glossond.sock";

/** What earlier versions left in the state folder: a token, and where it was taken. */
const FORMER_FILES = ["admin-token", "admin-address"];

/** Options for {@linkcode openSocket}. */
export interface OpenSocketOptions {
  /** Closed to others, see `openStateFolder`. */
  stateDir: string;
  handler: (request: Request) => Response | Promise<Response>;
  log: Log;
}

/**
 * Serves the socket; what a relay that was killed has left in its place is replaced.
 *
 * @returns how to stop: after the requests in progress; the socket is then gone.
 * @throws {Error} when another relay runs on the state folder, something else has the socket's name,
 * or it cannot be kept from others.
 */
export async function openSocket(options: OpenSocketOptions): Promise<() => Promise<void>> {
  const { stateDir, handler, log } = options;
  const path = socketPath(stateDir, SOCKET_FILE);
  for (const name of FORMER_FILES) await removeIfThere(join(stateDir, name));
  await makeRoom(path, stateDir);
  const server = superviseHttp({
    name: "commands",
    start() {
      if (lstat(path) !== undefined) Deno.removeSync(path);
      return serveSocket(path, handler);
    },
    log,
  });
  return server.stop;
}

/** Removes a socket that nobody serves any more. */
async function makeRoom(path: string, stateDir: string): Promise<void> {
  const found = lstat(path);
  if (found === undefined) return;
  if (found.isSocket !== true) {
    throw new Error(`Cannot listen on ${path}: something else has its name; remove it`);
  }
  if (await isServed(path)) {
    throw new Error(
      `Another glossond runs on the state folder ${stateDir} (glossond status shows it): end that one, or set GLOSSOND_STATE_DIR to a folder of this one's own`,
    );
  }
}

/** Whether something accepts connections on a socket. */
export function isServed(path: string): Promise<boolean> {
  return Deno.connect({ transport: "unix", path }).then(
    (conn) => (conn.close(), true),
    () => false,
  );
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/**
 * Finds the socket of the relay that runs on a state folder, or ran.
 *
 * @returns undefined when there is none.
 * @throws {Error} when it may not be reached, or cannot be trusted to be the relay's; the message has
 * the fix.
 */
export function findSocket(stateDir: string): string | undefined {
  try {
    const folder = Deno.statSync(stateDir);
    const found = lstat(join(stateDir, SOCKET_FILE));
    if (found === undefined) return undefined;
    const path = socketPath(stateDir, SOCKET_FILE);
    if (found.isSocket !== true) throw new Error(`${path} is no socket: remove it`);
    // Who can write in the folder can put a socket of their own there.
    if (((folder.mode ?? 0) & 0o022) !== 0 || ![folder.uid, 0].includes(found.uid)) {
      throw new Error(
        `${path} may be anybody's: ${stateDir} is open to others; chmod 700 it, and restart the relay`,
      );
    }
    return path;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    throw new Error(
      `Cannot reach the relay of ${stateDir}: ${error.message}; run this as the relay's user, or as root`,
    );
  }
}
