import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { run } from "../../scripts/run.ts";

const STORY = fileURLToPath(new URL("pwa/story.ts", import.meta.url));

/** A network with one interface besides loopback: without any, Chromium takes itself to be offline. */
const IN_NETWORK = `
  ip link set lo up
  ip link add eth0 type veth peer name eth1
  ip link set eth0 up && ip link set eth1 up
  ip address add 192.0.2.2/24 dev eth0
  exec "$@"`;

Deno.test("an installed web app keeps worker, login and subscription while its user is away", async () => {
  const dir = await Deno.makeTempDir({ prefix: "glosson-pwa-" });
  try {
    // Chromium breaks requests off whenever the network changes, as it does beside other tests.
    const { code, stdout, text } = await run("unshare", [
      ...["--net", "sh", "-ec", IN_NETWORK, "sh"],
      ...[Deno.execPath(), "run", "-A", "--quiet", STORY, dir],
    ]);
    assert.equal(code, 0, text);
    Deno.stdout.writeSync(new TextEncoder().encode(stdout));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
