import { join } from "node:path";
import { isThere, removeOwn, writeOwn } from "./files.ts";
import { keepRunningScript, quoted } from "./keep_running.ts";
import { mustRun } from "./program.ts";
import type { Job, ServiceManager, ServiceWorld } from "./service.ts";

/** What a line of the table ends with, by which it is found again. */
const mark = (name: string): string => `# ${name}: written by glosson install`;

/** What is said where there is no table yet, by Debian's cron and the like, and by BusyBox. */
const NO_TABLE = /no crontab for|can't open '[^']*': No such file/i;

/** `@reboot` of cron, where there is nothing better: it starts a script that starts `run` again. */
export function cron({ run }: ServiceWorld): ServiceManager {
  type Known = Pick<Job, "name" | "state">;
  const script = ({ state }: Known): string => join(state, "keep-running.sh");
  const pidFile = ({ state }: Known): string => join(state, "keep-running.pid");

  /** The table without the job's line. */
  async function others({ name }: Known): Promise<string[]> {
    const { code, text, complaint } = await run("crontab", ["-l"]);
    if (code !== 0 && !NO_TABLE.test(complaint)) {
      throw new Error(`Cannot read the table of cron: crontab -l says: ${complaint.trim()}`);
    }
    const lines = text === "" ? [] : text.replace(/\n$/, "").split("\n");
    return lines.filter((line) => !line.endsWith(mark(name)));
  }

  /** The script's process group, which it leads, while it runs. */
  async function group(job: Known): Promise<string | undefined> {
    const pid = (await Deno.readTextFile(pidFile(job)).catch(() => "")).trim();
    if (!/^\d+$/.test(pid)) return undefined;
    // Another program may have that number by now.
    const { text } = await run("ps", ["-ww", "-o", "args=", "-p", pid]);
    return text.includes(script(job)) ? pid : undefined;
  }

  async function stop(job: Known): Promise<void> {
    const pid = await group(job);
    if (pid !== undefined) await mustRun(run, "kill", ["--", `-${pid}`]);
  }

  return {
    label: "cron",
    isHere: async () => (await run("crontab", ["-l"])).code !== 127,
    async install(job) {
      const start = `setsid sh ${quoted(script(job))} </dev/null >/dev/null 2>&1 & ` +
        `echo $! > ${quoted(pidFile(job))}`;
      // A percent sign ends the command, crontab(5).
      const line = `@reboot ${start.replaceAll("%", "\\%")} ${mark(job.name)}`;
      const table = [...await others(job), line, ""].join("\n");
      await stop(job);
      await writeOwn(script(job), keepRunningScript(job));
      await mustRun(run, "crontab", ["-"], table);
      await mustRun(run, "sh", ["-c", start]);
      return [];
    },
    async uninstall(job) {
      if (!await isThere(script(job))) return;
      await mustRun(run, "crontab", ["-"], [...await others(job), ""].join("\n"));
      await stop(job);
      await removeOwn(script(job));
      await removeOwn(pidFile(job));
    },
    async state(job) {
      if (!await isThere(script(job))) return "absent";
      return await group(job) === undefined ? "stopped" : "running";
    },
  };
}
