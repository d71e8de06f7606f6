/** Loaded before the relay: tells every request that one of its servers gets, on a line of its own. */
const serve = Deno.serve as (...args: unknown[]) => Deno.HttpServer;

type Handler = (request: Request, info: unknown) => unknown;

Object.assign(Deno, {
  serve(options: unknown, handler: Handler): Deno.HttpServer {
    return serve(options, (request: Request, info: unknown) => {
      const { pathname, search } = new URL(request.url);
      // The relay's log is JSON too, a line an object.
      const line = JSON.stringify({
        message: "received",
        host: request.headers.get("Host") ?? new URL(request.url).host,
        target: pathname + search,
        cookie: request.headers.get("Cookie") ?? "",
      });
      Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
      return handler(request, info);
    });
  },
});
