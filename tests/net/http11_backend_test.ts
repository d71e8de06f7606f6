import assert from "node:assert/strict";
import { startHttp11 } from "../../lib/net/http11_backend.ts";

function listening(): number {
  // State 0A is TCP_LISTEN; ours alone are counted, by the sockets that this process has open.
  const own = new Set(
    [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(Deno.readLinkSync(`/proc/self/fd/${name}`))?.[1];
      } catch {
        return undefined;
      }
    }),
  );
  return Deno.readTextFileSync("/proc/self/net/tcp").split("\n").filter((line) => {
    const fields = line.trim().split(/\s+/);
    return fields[3] === "0A" && own.has(fields[9]);
  }).length;
}

Deno.test({
  name: "startHttp11() that cannot start leaves no server behind",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const before = listening();
    for (let i = 0; i < 5; i++) {
      assert.throws(() => startHttp11({ cert: "none", key: "none" }, () => new Response()));
    }
    for (let tries = 0; listening() > before && tries < 100; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.equal(listening(), before);
  },
});
