import { join } from "node:path";

/** Bytes that a socket's path may have: `sun_path` without its last byte, unix(7). */
const MAX_PATH_BYTES = Deno.build.os === "darwin" ? 103 : 107;

/**
 * What a socket in the state folder is for: `i`, one between parts of a process; `d`, a door of a hand-over, at
 * which one connection is awaited: to look whether it is alive would be that one.
 */
type Kind = "i" | "d";

const NAME = /^([id])-[a-z2-7]{6}\.sock$/;

/** When a door is open no more at the latest, milliseconds, with as much again to spare. */
const DOOR_MS = 60_000;

/**
 * The path of a Unix socket in the state folder.
 *
 * @param stateDir which is there.
 * @throws {Error} when it is longer than the system takes; the message has the fix.
 */
export function socketPath(stateDir: string, name: string): string {
  // The runtime resolves links and relative paths before the system counts.
  const path = join(Deno.realPathSync(stateDir), name);
  const bytes = new TextEncoder().encode(path).length;
  if (bytes <= MAX_PATH_BYTES) return path;
  throw new Error(
    `The socket ${path} has a path of ${bytes} bytes and the system takes ${MAX_PATH_BYTES}: set GLOSSOND_STATE_DIR to a folder with a shorter path, links resolved`,
  );
}

/** A free path for a socket between parts of one process. */
export function innerSocketPath(stateDir: string): string {
  return freePath(stateDir, "i");
}

/** A free path for a socket that another process of the relay comes to, once and soon. */
export function doorPath(stateDir: string): string {
  return freePath(stateDir, "d");
}

function freePath(stateDir: string, kind: Kind): string {
  const random = crypto.getRandomValues(new Uint8Array(6));
  const name = [...random].map((byte) => "abcdefghijklmnopqrstuvwxyz234567"[byte % 32]).join("");
  return socketPath(stateDir, `${kind}-${name}.sock`);
}

/** Removes such sockets and doors that nobody serves any more: of a relay that was killed. */
export async function removeDeadSockets(stateDir: string): Promise<void> {
  for (const { name } of [...Deno.readDirSync(stateDir)]) {
    const [, kind] = NAME.exec(name) ?? [];
    if (kind === undefined) continue;
    const path = socketPath(stateDir, name);
    const { isSocket, mtime } = Deno.lstatSync(path);
    if (isSocket !== true) continue;
    if (kind === "d") {
      if (Date.now() - Number(mtime) > DOOR_MS) Deno.removeSync(path);
      continue;
    }
    try {
      (await Deno.connect({ transport: "unix", path })).close();
    } catch {
      Deno.removeSync(path);
    }
  }
}
