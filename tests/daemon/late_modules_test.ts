import assert from "node:assert/strict";
import { must } from "../../scripts/run.ts";
import { temporaryFolder } from "../certificate/helpers.ts";
import { type Relay, startRelay } from "../stories/relay.ts";

/** Reads a request after the checkout was changed, as an update of it does. */
const PROGRAM = `
  import { loadLateModules } from "./lib/daemon/late_modules.ts";
  import { orderUserCertificate } from "./lib/issuance/user_order.ts";
  if (Deno.args[0] !== undefined) await loadLateModules({ authority: Deno.args[0], dns: "powerdns" }, console);
  const changed = "throw new Error('of another version')";
  for (const file of ["pki/csr.ts", "certificate/local_signing.ts"]) {
    Deno.writeTextFileSync("lib/" + file, changed);
  }
  await orderUserCertificate({ csr: "none" }).catch((error) => console.log(error.message));
`;

Deno.test("loadLateModules() has what reads requests be of the version that was started", async () => {
  for (const [args, isChanged] of [[[], true], [["acme"], false], [["local"], false]] as const) {
    await using folder = temporaryFolder();
    await must("cp", ["-r", "lib", "deno.json", "deno.lock", folder.path]);
    await Deno.writeTextFile(`${folder.path}/program.ts`, PROGRAM);
    const program = ["run", "-A", "--no-check", "program.ts", ...args];
    const told = await must(Deno.execPath(), program, { cwd: folder.path });
    assert.equal(/of another version/.test(told), isChanged, told);
  }
});

/** What a relay had said of itself once it had loaded what orders. */
async function saidBefore(relay: Relay): Promise<unknown[]> {
  await relay.logged("what orders is loaded");
  const told = relay.lines.map(({ message }) => message);
  return told.slice(0, told.indexOf("what orders is loaded"));
}

Deno.test("a relay loads what orders once it is ready, or before it takes another's place", async () => {
  await using relay = await startRelay();
  assert.ok((await saidBefore(relay)).includes("ready"));
  if (Deno.build.os !== "linux") return;
  await using successor = await startRelay({ dir: relay.dir, takeover: true });
  assert.deepEqual(await saidBefore(successor), ["starting"]);
  assert.equal(
    successor.lines.filter(({ message }) => message === "what orders is loaded").length,
    1,
  );
});
