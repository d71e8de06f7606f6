import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

/** Libraries that a start has no use for, each of which would hold it up for longer than its sockets take. */
const LATER = ["@peculiar/x509", "acme-client", "dns-packet", "node-forge", "pg"];

/** A module, as `deno info --json` tells of it. */
interface Module {
  specifier: string;
  dependencies?: { specifier: string; isDynamic?: boolean; code?: { specifier: string } }[];
}

/** Each package that is imported before a program's first line, with the module that does so. */
async function importedAtOnce(main: string): Promise<Map<string, string>> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json", main] })
    .output();
  const { modules, roots } = JSON.parse(new TextDecoder().decode(stdout));
  const known = new Map((modules as Module[]).map((module) => [module.specifier, module]));
  const packages = new Map<string, string>();
  const seen = new Set<string>(roots);
  // A set goes on with what is added meanwhile.
  for (const specifier of seen) {
    for (const { specifier: name, isDynamic, code } of known.get(specifier)?.dependencies ?? []) {
      if (isDynamic || code === undefined) continue;
      if (name.startsWith(".")) seen.add(code.specifier);
      else packages.set(name, specifier);
    }
  }
  return packages;
}

Deno.test("a relay that starts loads no library that it needs later, if ever", async () => {
  const packages = await importedAtOnce(fileURLToPath(new URL("../main.ts", import.meta.url)));
  assert.ok(packages.has("zod") && packages.has("hono"), "what is needed is found");
  for (const name of LATER) {
    assert.equal(packages.get(name), undefined, `${name} is imported with the program`);
  }
});
