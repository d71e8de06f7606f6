/**
 * The Unix socket in the state folder through which the operator's commands reach the relay that
 * runs. The folder is its owner's alone, so nobody else can connect to it or take its place: there is
 * no secret to send, and none to give to an impostor.
 */
import { join } from "node:path";
import { lstat } from "../file/plain_file.ts";
import { fileOfProcess } from "../file/process_file.ts";
import { socketPath } from "../file/socket_path.ts";
import type { Log } from "../log.ts";
import { superviseHttp } from "../net/serve_http.ts";
import { serveSocket } from "../net/serve_socket.ts";

/** Its name in the state folder, and those of a relay's processes behind the first. */
const SOCKET_FILE = "glossond.sock";
const SOCKET_FILES = /^glossond(?:-(\d+))?\.sock$/;

/** What earlier versions left in the state folder: a token, and where it was taken. */
const FORMER_FILES = ["admin-token", "admin-address"];

/** Options for {@linkcode openSocket}. */
export interface OpenSocketOptions {
  /** Closed to others, see `openStateFolder`. */
  stateDir: string;
  /** Which of the relay's processes it is, from 1 on. */
  process: number;
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
  const { stateDir, process, handler, log } = options;
  const path = socketPath(stateDir, fileOfProcess(SOCKET_FILE, process));
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
 * Finds the sockets of the relay that runs on a state folder, or ran: the first process's first.
 *
 * @param process of which of its processes alone.
 * @throws {Error} when one may not be reached, or cannot be trusted to be the relay's; the message has
 * the fix.
 */
export function findSockets(stateDir: string, process?: number): string[] {
  try {
    const folder = Deno.statSync(stateDir);
    const names = process === undefined
      ? Array.from(Deno.readDirSync(stateDir), ({ name }) => name)
      : [fileOfProcess(SOCKET_FILE, process)];
    return names.filter((name) => SOCKET_FILES.test(name))
      .sort((a, b) => processOf(a) - processOf(b))
      .flatMap((name) => trusted(stateDir, name, folder));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    if (error instanceof Deno.errors.NotADirectory) {
      throw new Error(
        `${stateDir} is no folder; set GLOSSOND_STATE_DIR to the relay's state folder`,
      );
    }
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    throw new Error(
      `Cannot reach the relay of ${stateDir}: ${error.message}; run this as the relay's user, or as root`,
    );
  }
}

function trusted(stateDir: string, name: string, folder: Deno.FileInfo): string[] {
  const found = lstat(join(stateDir, name));
  if (found === undefined) return [];
  const path = socketPath(stateDir, name);
  if (found.isSocket !== true) throw new Error(`${path} is no socket: remove it`);
  // Who can write in the folder can put a socket of their own there.
  if (((folder.mode ?? 0) & 0o022) !== 0 || ![folder.uid, 0].includes(found.uid)) {
    throw new Error(
      `${path} may be anybody's: ${stateDir} is open to others; chmod 700 it, and restart the relay`,
    );
  }
  return [path];
}

function processOf(socketName: string): number {
  return Number(SOCKET_FILES.exec(socketName)?.[1] ?? 1);
}
