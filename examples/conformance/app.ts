/** A web app for the client to pass visitors to. */
export interface App {
  /** Its address. */
  url: string;
  /** Resolves when a request for `/late` came; `let` then lets it be answered. */
  late(): { came: Promise<void>; let: () => void };
  stop(): Promise<void>;
}

/** Size of the body of `/late`. */
export const LATE_BYTES = 1024 * 1024;

/** Starts it: `/echo` says back what it is sent, `/address` where the visitor comes from. */
export function startApp(): App {
  let came = Promise.withResolvers<void>();
  let answer = Promise.withResolvers<void>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/echo") return new Response(await request.bytes());
      if (pathname === "/address") {
        return new Response(request.headers.get("x-forwarded-for") ?? "none");
      }
      if (pathname !== "/late") return new Response("app");
      came.resolve();
      await answer.promise;
      return new Response(new Uint8Array(LATE_BYTES).fill(0x61));
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    late() {
      came = Promise.withResolvers();
      answer = Promise.withResolvers();
      return { came: came.promise, let: answer.resolve };
    },
    async stop() {
      answer.resolve();
      await server.shutdown();
    },
  };
}
