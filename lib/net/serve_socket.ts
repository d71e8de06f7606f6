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
  const umask = Deno.umask(0o177);
  try {
    const server = Deno.serve({ path, onListen() {} }, handler);
    const { mode } = Deno.lstatSync(path);
    if (mode === null || (mode & 0o077) === 0) return server;
    server.shutdown();
    throw new Error(
      `Others can connect to ${path}: its file system keeps no permissions; choose another for GLOSSOND_STATE_DIR`,
    );
  } finally {
    Deno.umask(umask);
  }
}
