/**
 * A process that takes a connection of its own now and then and has nothing else to do: how late it is all the same,
 * the machine is to blame for. See {@linkcode LoadProcess}.
 */
import { answerCalls } from "../load_process.ts";

/** How often it does. */
const EVERY_MS = 10;

const hostname = "127.0.0.1";
const listener = Deno.listen({ hostname, port: 0 });
const { port } = listener.addr;
let [due, latest] = [performance.now() + EVERY_MS, 0];
setInterval(() => {
  const now = performance.now();
  latest = Math.max(latest, now - due);
  due = now + EVERY_MS;
  Deno.connect({ hostname, port }).then((conn) => conn.close());
}, EVERY_MS);
(async () => {
  for await (const conn of listener) conn.close();
})();

await answerCalls({
  /** The longest that its event loop was late since this was asked last, milliseconds. */
  latest() {
    const lateMs = latest;
    latest = 0;
    return { lateMs };
  },
});
