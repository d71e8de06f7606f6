import assert from "node:assert/strict";
import { join } from "node:path";
import type { Check } from "../../../examples/conformance/check.ts";
import { runChecks } from "../../../examples/conformance/run.ts";

/** A client that is set up at once, notes each start, and ends as soon as it runs. */
const ENDS_AT_ONCE = `[ "$1" = setup ] || echo started >> "$0.starts"`;

function check(name: string): Check {
  // Whatever is asked of it, it has ended.
  const run = () => new Promise<void>(() => {});
  return { name, section: 2, what: "goes on", needs: "running", run };
}

Deno.test("runChecks() starts a client that has ended again for the next check", async () => {
  const folder = await Deno.makeTempDir({ prefix: "glosson-conformance-" });
  try {
    const client = join(folder, "client.sh");
    await Deno.writeTextFile(client, ENDS_AT_ONCE);
    const outcomes = await runChecks(
      ["sh", client],
      folder,
      [check("first"), check("second")],
      () => {},
    );
    assert.deepEqual(outcomes.map(({ failure }) => failure), [
      "it ended with code 0",
      "it ended with code 0",
    ]);
    assert.equal(await Deno.readTextFile(`${client}.starts`), "started\nstarted\n");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
