import assert from "node:assert/strict";
import { architectureOf } from "../../scripts/deb/architecture.ts";

/** The start of an executable for a machine of this number. */
function elf(machine: number): Uint8Array {
  const header = new Uint8Array(64);
  header.set([0x7f, ...new TextEncoder().encode("ELF")]);
  new DataView(header.buffer).setUint16(18, machine, true);
  return header;
}

Deno.test("architectureOf() says what an executable is for, whatever this machine is", async () => {
  const path = await Deno.makeTempFile({ prefix: "glossond-elf-" });
  try {
    for (const [machine, name] of [[0x3e, "amd64"], [0xb7, "arm64"]] as const) {
      await Deno.writeFile(path, elf(machine));
      assert.equal(await architectureOf(path), name);
    }
    // 32 bits of arm, a script, nothing.
    for (const bytes of [elf(0x28), new TextEncoder().encode("#!/bin/sh\n"), new Uint8Array()]) {
      await Deno.writeFile(path, bytes);
      await assert.rejects(architectureOf(path), /is no executable of Linux for amd64 or arm64/);
    }
  } finally {
    await Deno.remove(path);
  }
});

Deno.test({
  name: "architectureOf() knows this machine's own programs",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const own = Deno.build.arch === "x86_64" ? "amd64" : "arm64";
    assert.equal(await architectureOf(Deno.execPath()), own);
  },
});
