import { SetClock } from "../faults/clock.ts";
import { PostgresServer } from "./server.ts";

/** A server whose clock is set while it runs. */
export async function serverWithClock(stack: AsyncDisposableStack) {
  const folder = await Deno.makeTempDir({ prefix: "glossond-clock-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  // The server runs as another user.
  await Deno.chmod(folder, 0o755);
  const clock = new SetClock(`${folder}/clock`);
  const server = stack.use(await PostgresServer.start({ launcher: clock.launcher }));
  return { server, clock };
}
