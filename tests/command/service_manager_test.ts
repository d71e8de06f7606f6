import assert from "node:assert/strict";
import { atSocket, ServiceManager } from "../../lib/command/service_manager.ts";

Deno.test("ServiceManager tells how the relay is, and that it lives", async () => {
  const dir = await Deno.makeTempDir({ prefix: "glossond-notify-" });
  const socket = `${dir}/notify`;
  const manager = Deno.listenDatagram({ transport: "unixpacket", path: socket });
  const heard = async (): Promise<string> =>
    new TextDecoder().decode((await manager.receive(new Uint8Array(256)))[0]);
  const service = new ServiceManager(atSocket({ socket, watchdogMs: 50 }, `${dir}/own`));
  let users = 0;
  await service.ready(() => `${users} users\nonline`);
  assert.equal(await heard(), "READY=1\nSTATUS=0 users online\n");
  users = 1;
  assert.equal(await heard(), "WATCHDOG=1\nSTATUS=1 users online\n");
  await service.stopping();
  let last = await heard();
  while (last.startsWith("WATCHDOG")) last = await heard();
  assert.equal(last, "STOPPING=1\nSTATUS=stopping\n");
  assert.deepEqual(Array.from(Deno.readDirSync(dir), ({ name }) => name), ["notify"]);

  // A manager that is gone ends nothing.
  manager.close();
  await Deno.remove(socket);
  await service.ready(() => "");
  service.close();
  await Deno.remove(dir, { recursive: true });
});
