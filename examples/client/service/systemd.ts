import { join } from "node:path";
import { EXIT } from "../exit_codes.ts";
import { home, isThere, removeOwn, writeOwn } from "./files.ts";
import { mustRun } from "./program.ts";
import type { Job, ServiceManager, ServiceWorld } from "./service.ts";

/** Pause before it is started again, seconds. */
const RESTART_S = 10;

/** Exit codes after which the same again is of no use. */
const FINAL = [EXIT.usage, EXIT.replaced, EXIT.unauthorized, EXIT.blocked, EXIT.relayGone];

/** The user's own systemd. */
export function systemd({ run, env }: ServiceWorld): ServiceManager {
  const systemctl = (...args: string[]) => ["--user", "--no-pager", ...args];
  const unit = (name: string): string => `${name}.service`;
  function path(name: string): string {
    return join(env("XDG_CONFIG_HOME") || join(home(env), ".config"), "systemd/user", unit(name));
  }

  return {
    label: "systemd --user",
    async isHere() {
      return (await run("systemctl", systemctl("show", "--property=Version"))).code === 0;
    },
    async install(job) {
      await writeOwn(path(job.name), unitText(job));
      await mustRun(run, "systemctl", systemctl("daemon-reload"));
      await mustRun(run, "systemctl", systemctl("enable", unit(job.name)));
      // In the place of an older one, if there is one.
      await mustRun(run, "systemctl", systemctl("restart", unit(job.name)));
      return await lingers(env("USER") ?? "") ? [] : [
        "It ends when you log out, and begins when you log in. For it to run from the start of the " +
        "computer on: loginctl enable-linger",
      ];
    },
    async uninstall({ name }) {
      if (!await isThere(path(name))) return;
      await mustRun(run, "systemctl", systemctl("disable", "--now", unit(name)));
      await removeOwn(path(name));
      await mustRun(run, "systemctl", systemctl("daemon-reload"));
    },
    async state({ name }) {
      if (!await isThere(path(name))) return "absent";
      const { code } = await run("systemctl", systemctl("is-active", "--quiet", unit(name)));
      return code === 0 ? "running" : "stopped";
    },
  };

  async function lingers(user: string): Promise<boolean> {
    const args = ["show-user", ...user === "" ? [] : [user], "--property=Linger"];
    return (await run("loginctl", args)).text.trim() === "Linger=yes";
  }
}

/** The unit, systemd.service(5). */
function unitText({ hostname, argv, folder }: Job): string {
  return `# Written by glosson install; glosson uninstall takes it away.
[Unit]
Description=glosson: https://${hostname}
StartLimitIntervalSec=0

[Service]
ExecStart=${argv.map(quoted).join(" ")}
WorkingDirectory=${folder.replaceAll("%", "%%")}
Restart=on-failure
RestartSec=${RESTART_S}
# Another computer has the name now, the token is void, and the like.
RestartPreventExitStatus=${FINAL.join(" ")}

[Install]
WantedBy=default.target
`;
}

/** A word of a command line, systemd.service(5): nothing in it is replaced. */
function quoted(word: string): string {
  const escaped = word.replaceAll("\\", "\\\\").replaceAll('"', '\\"')
    .replaceAll("%", "%%").replaceAll("$", "$$$$");
  return `"${escaped}"`;
}
