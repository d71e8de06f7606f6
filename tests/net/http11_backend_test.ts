import assert from "node:assert/strict";
import { run } from "../../scripts/run.ts";

// In a process of its own: its listeners are counted, and those of other tests are none of them.
const PROGRAM = `
  import { startHttp11 } from ${
  JSON.stringify(new URL("../../lib/net/http11_backend.ts", import.meta.url).href)
};
  function listening() {
    const own = new Set([...Deno.readDirSync("/proc/self/fd")].map(({ name }) => {
      try {
        return Deno.readLinkSync("/proc/self/fd/" + name);
      } catch {
        return "";
      }
    }));
    // State 0A is TCP_LISTEN.
    return Deno.readTextFileSync("/proc/self/net/tcp").split("\\n").filter((line) => {
      const fields = line.trim().split(/\\s+/);
      return fields[3] === "0A" && own.has("socket:[" + fields[9] + "]");
    }).length;
  }
  const folder = Deno.makeTempDirSync();
  let failures = 0;
  for (let i = 0; i < 5; i++) {
    try {
      startHttp11({
        pair: { cert: "none", key: "none" },
        handler: () => new Response(),
        oneAnswer: true,
        socketPath: folder + "/" + i + ".sock",
        isOwn: () => Promise.resolve(true),
      });
    } catch {
      failures++;
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
  console.log(failures, listening(), [...Deno.readDirSync(folder)].length);
  Deno.removeSync(folder);
  Deno.exit();
`;

Deno.test({
  name: "startHttp11() that cannot start leaves no server behind",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const args = ["run", "-A", "--quiet", "-"];
    const { stdout, stderr } = await run(Deno.execPath(), args, { input: PROGRAM });
    assert.equal(stdout, "5 0 0\n", stderr);
  },
});
