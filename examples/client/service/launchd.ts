import { join } from "node:path";
import { home, isThere, removeOwn, writeOwn } from "./files.ts";
import { keepRunningScript } from "./keep_running.ts";
import { mustRun } from "./program.ts";
import type { Job, ServiceManager, ServiceWorld } from "./service.ts";

/** macOS. It starts again whatever failed, so the script says what did not. */
export function launchd({ run, env }: ServiceWorld): ServiceManager {
  const label = (name: string): string => `org.glosson.${name}`;
  const path = (name: string): string =>
    join(home(env), "Library/LaunchAgents", `${label(name)}.plist`);

  return {
    label: "launchd",
    isHere: async () => (await run("launchctl", ["version"])).code === 0,
    async install(job) {
      await run("launchctl", ["unload", path(job.name)]);
      await writeOwn(path(job.name), plist(job, label(job.name)));
      await mustRun(run, "launchctl", ["load", "-w", path(job.name)]);
      return ["It begins when you log in."];
    },
    async uninstall({ name }) {
      if (!await isThere(path(name))) return;
      await mustRun(run, "launchctl", ["unload", "-w", path(name)]);
      await removeOwn(path(name));
    },
    async state({ name }) {
      if (!await isThere(path(name))) return "absent";
      const { code, text } = await run("launchctl", ["list", label(name)]);
      return code === 0 && /"PID" = \d+;/.test(text) ? "running" : "stopped";
    },
  };
}

/** The property list, launchd.plist(5). */
function plist(job: Job, label: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
  <key>Label</key><string>${xmlText(label)}</string>
  <key>ProgramArguments</key><array>
    <string>/bin/sh</string><string>-c</string><string>${xmlText(keepRunningScript(job))}</string>
  </array>
  <key>RunAtLoad</key><true/>
  <key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>
</dict></plist>
`;
}

/** Text of an XML element. */
export function xmlText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
