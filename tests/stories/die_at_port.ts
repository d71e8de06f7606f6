/**
 * Preloaded into a relay: it dies, as by SIGKILL, where it is to listen at the port that the query names.
 *
 * @module
 */
const { searchParams } = new URL(import.meta.url);
const listen = Deno.listen;

Object.assign(Deno, {
  listen(options: Deno.TcpListenOptions): Deno.TcpListener {
    if (options.port === Number(searchParams.get("port"))) Deno.kill(Deno.pid, "SIGKILL");
    return listen(options);
  },
});
