import assert from "node:assert/strict";
import { place } from "../../scripts/compile.ts";
import { permissionsFor, PLATFORMS, PROGRAMS } from "../../scripts/compile/programs.ts";
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

Deno.test("place() puts all executables in their places, or none and leaves nothing behind", async () => {
  const out = await Deno.makeTempDir({ prefix: "glossond-place-test-" });
  try {
    const made = ["glossond", "glosson"].map((name) => ({
      from: `${out}/${name}.made`,
      to: `${out}/${name}`,
    }));
    await Deno.writeTextFile(made[0]!.from, "new");
    await Deno.writeTextFile(made[0]!.to, "old");
    await assert.rejects(place(made), Deno.errors.NotFound);
    const names = () => [...Deno.readDirSync(out)].map(({ name }) => name).sort();
    assert.deepEqual(names(), ["glossond", "glossond.made"]);
    assert.equal(await Deno.readTextFile(made[0]!.to), "old");
    await Deno.writeTextFile(made[1]!.from, "new, too");
    await place(made);
    assert.deepEqual(names(), ["glosson", "glosson.made", "glossond", "glossond.made"]);
    assert.equal(await Deno.readTextFile(made[0]!.to), "new");
  } finally {
    await Deno.remove(out, { recursive: true });
  }
});

/** What a program may start, by the system. */
function mayStart(program: string): Record<string, string[]> {
  const found = PROGRAMS.find(({ name }) => name === program)!;
  return Object.fromEntries(
    Object.entries(PLATFORMS).map(([platform, target]) => [
      platform.split("-")[0],
      permissionsFor(found, target).filter((permission) => permission.startsWith("--allow-run")),
    ]),
  );
}

Deno.test("permissionsFor() names the programs that each may start, those of its system", () => {
  const { linux, macos } = mayStart("glossond");
  assert.deepEqual(linux, ["--allow-run=python3,/proc/self/exe"]);
  assert.deepEqual(macos, ["--allow-run=python3"]);
  assert.deepEqual(mayStart("glosson"), {
    linux: ["--allow-run=systemctl,loginctl,crontab,sh,ps,kill"],
    macos: ["--allow-run=launchctl"],
    windows: ["--allow-run=schtasks"],
  });
});
