import assert from "node:assert/strict";
import { EXIT } from "../../examples/client/exit_codes.ts";
import { CLIENTS, setUpGlosson } from "../stories/glosson.ts";
import { startRelay } from "../stories/relay.ts";

/** A path that nothing has: maybe of a disk that is mounted later. */
const NOWHERE = "/nowhere/at/all";

/** What `run` is told that needs a file which is not there, and how it says so. */
const MISSING: [args: string[], said: RegExp][] = [
  [["--dir", NOWHERE], /Cannot serve \/nowhere\/at\/all: there is no such folder$/m],
  [["--dir", "/etc/hosts"], /Cannot serve \/etc\/hosts: it is not a folder$/m],
  [
    ["--upstream", "https://localhost:1", "--upstream-ca", NOWHERE],
    /Cannot read the authorities given with --upstream-ca: .*\/nowhere\/at\/all/,
  ],
  [["--log-file", NOWHERE], /Cannot write the log file \/nowhere\/at\/all: /],
];

for (const [name, client] of Object.entries(CLIENTS)) {
  Deno.test(`run names the file that is not there, and may be started again: the ${name} client`, async () => {
    await using relay = await startRelay();
    await using glosson = await setUpGlosson(relay, "kaylee", { client });
    for (const [args, said] of MISSING) {
      const { code, stderr } = await glosson.command("run", ...args);
      assert.match(stderr, said);
      // A service manager would not try again after any other (`install`).
      assert.equal(code, EXIT.failed, stderr);
    }
  });
}
