/** An app that answers `/late` once it is told to, and all else at once; disposed of by its test. */
export interface LateApp extends AsyncDisposable {
  /** Its address, for `--upstream`. */
  readonly url: string;
  /** Resolves when `/late` was asked for. */
  readonly asked: Promise<void>;
  /** Has it answer. */
  answer(): void;
}

/** Starts one. */
export function lateApp(): LateApp {
  const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const app = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async ({ url }) => {
    if (!url.endsWith("/late")) return new Response();
    asked.resolve();
    await answer.promise;
    return new Response();
  });
  return {
    url: `http://127.0.0.1:${app.addr.port}`,
    asked: asked.promise,
    answer: answer.resolve,
    async [Symbol.asyncDispose]() {
      answer.resolve();
      await app.shutdown();
    },
  };
}
