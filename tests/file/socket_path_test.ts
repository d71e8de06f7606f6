import assert from "node:assert/strict";
import { doorPath, innerSocketPath, removeDeadSockets } from "../../lib/file/socket_path.ts";
import { listenOnce } from "../../lib/net/serve_socket.ts";
import { temporaryFolder } from "../certificate/helpers.ts";

/** The socket of a process that was killed. */
function leave(path: string): string {
  const listener = Deno.listen({ transport: "unix", path });
  Deno.renameSync(path, `${path}.kept`);
  listener.close();
  Deno.renameSync(`${path}.kept`, path);
  return path;
}

Deno.test("removeDeadSockets() leaves doors to those for whom they are, and removes old ones", async () => {
  await using folder = temporaryFolder();
  const door = doorPath(folder.path);
  const came = Promise.withResolvers<Deno.Conn>();
  using _listening = listenOnce(door, came.resolve);
  leave(innerSocketPath(folder.path));
  const young = leave(doorPath(folder.path));
  const old = leave(doorPath(folder.path));
  const longAgo = Date.now() / 1_000 - 61;
  Deno.utimeSync(old, longAgo, longAgo);
  await removeDeadSockets(folder.path);
  const names = Array.from(Deno.readDirSync(folder.path), ({ name }) => `${folder.path}/${name}`);
  assert.deepEqual(names.sort(), [door, young].sort());
  using conn = await Deno.connect({ transport: "unix", path: door });
  await conn.write(new TextEncoder().encode("it is I"));
  using met = await came.promise;
  const buffer = new Uint8Array(16);
  assert.equal(await met.read(buffer), 7);
});
