import { closeQuietly } from "./splice.ts";

/**
 * Serves HTTP on a Unix socket that from its first moment on nobody but its owner can connect to; it is
 * gone when the server has stopped.
 *
 * @throws {Deno.errors.AddrInUse} when something has the name, and others of `Deno.serve`.
 * @throws {Error} when the file system keeps no permissions.
 */
export function serveSocket(
  path: string,
  handler: Deno.ServeHandler<Deno.UnixAddr>,
): Deno.HttpServer<Deno.UnixAddr> {
  const server = ofOwner(() => Deno.serve({ path, onListen() {} }, handler));
  const { mode } = Deno.lstatSync(path);
  if (mode === null || (mode & 0o077) === 0) return server;
  server.shutdown();
  throw new Error(
    `Others can connect to ${path}: its file system keeps no permissions; choose another for GLOSSOND_STATE_DIR`,
  );
}

/** Listens at a Unix socket for one connection, of its owner's, and is gone then. */
export function listenOnce(path: string, onConnection: (conn: Deno.UnixConn) => void): Disposable {
  const listener = ofOwner(() => Deno.listen({ transport: "unix", path }));
  const close = (): void => {
    closeQuietly(listener);
    try {
      // Closing takes it away only where nobody is awaited any more; at once, since the process may end next.
      Deno.removeSync(path);
    } catch {
      // It is gone.
    }
  };
  // Nobody may come.
  listener.accept().finally(close).then(onConnection, () => {});
  return { [Symbol.dispose]: close };
}

/** Makes something in the file system that nobody but its owner may touch from its first moment on. */
function ofOwner<T>(make: () => T): T {
  const umask = Deno.umask(0o177);
  try {
    return make();
  } finally {
    Deno.umask(umask);
  }
}
