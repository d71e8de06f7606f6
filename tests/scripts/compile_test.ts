import assert from "node:assert/strict";
import { run } from "../../scripts/run.ts";
import { ROOT } from "../stories/relay.ts";

Deno.test("compile that fails leaves what is there as it was, and says one sentence", async () => {
  const out = await Deno.makeTempDir({ prefix: "glossond-compile-test-" });
  await Deno.writeTextFile(`${out}/glossond`, "the one of yesterday");
  const { code, text } = await run(
    Deno.execPath(),
    ["run", "-A", `${ROOT}scripts/compile.ts`, "--out", out],
    { env: { DENORT_BIN: `${out}/no-such-runtime`, NO_COLOR: "1" } },
  );
  assert.equal(code, 1);
  assert.match(
    text,
    /^compile: Cannot compile glossond, so what is there stays as it was: .+No such file.+\n$/,
  );
  assert.deepEqual([...Deno.readDirSync(out)].map(({ name }) => name), ["glossond"]);
  assert.equal(await Deno.readTextFile(`${out}/glossond`), "the one of yesterday");
  await Deno.remove(out, { recursive: true });
});
