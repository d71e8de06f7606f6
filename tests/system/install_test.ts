import { ROOT } from "../stories/relay.ts";
import { type InstalledClient, staysInstalled } from "./deploy/install.ts";

/** The clients, by the folder that each is started in; the executable has its turn in deploy_executable_test.ts. */
const CLIENTS: Record<string, InstalledClient> = {
  "the reference client": {
    folder: ROOT,
    command: [...[Deno.execPath(), "run", "-A", "--no-prompt"], "examples/client/main.ts"],
  },
  "the Python client": {
    folder: `${ROOT}examples/python`,
    command: ["/usr/bin/python3", "-m", "glosson"],
  },
};

for (const [name, client] of Object.entries(CLIENTS)) {
  Deno.test(`${name} is kept running by the real systemd --user, but never against another computer`, () =>
    staysInstalled(client));
}
