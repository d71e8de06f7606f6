import assert from "node:assert/strict";
import { run } from "../../../scripts/run.ts";
import { temporaryFolder } from "../../certificate/helpers.ts";

const PROGRAM = new URL("v6_program.ts", import.meta.url).pathname;

/** A network with its loopback alone, and a resolver on it. */
const SCRIPT = `set -e
ip link set lo up
mount --bind "$0" /etc/resolv.conf
exec "$@"
`;

Deno.test({
  name: "a name server whose IPv4 address cannot be reached is asked at its IPv6 address",
  ignore: Deno.uid() !== 0, // to make a network
  async fn() {
    await using folder = temporaryFolder();
    const resolver = `${folder.path}/resolv.conf`;
    await Deno.writeTextFile(resolver, "nameserver ::1\n");
    const { text: said } = await run("unshare", [
      ...["--net", "--mount", "sh", "-c", SCRIPT, resolver],
      ...[Deno.execPath(), "run", "--allow-all", "--no-check", PROGRAM],
    ]);
    assert.match(said, /^waiting for the name servers ns1\.glosson\.test \(10\.9\.9\.9, ::1\)$/m);
    assert.match(said, /^a certificate came$/m, said);
  },
});
