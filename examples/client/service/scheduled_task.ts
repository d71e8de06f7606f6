import { join } from "node:path";
import { removeOwn, writeOwn } from "./files.ts";
import { xmlText } from "./launchd.ts";
import { mustRun } from "./program.ts";
import type { Job, ServiceManager, ServiceWorld } from "./service.ts";

/** SCHED_S_TASK_RUNNING, the last result of a task that runs: the words for it are of the system's language. */
const RUNNING = 0x41301;

/**
 * Times that it is started again after a failure, a minute later each time. No more: the scheduler does not look at the
 * exit code, and after some of them the same again is of no use.
 */
const RESTARTS = 3;

/** The task scheduler of Windows. */
export function scheduledTask({ run, env }: ServiceWorld): ServiceManager {
  return {
    label: "the task scheduler",
    isHere: async () => (await run("schtasks", ["/Query", "/TN", "\\"])).code !== 127,
    async install(job) {
      const user = [env("USERDOMAIN"), env("USERNAME")].filter(Boolean).join("\\");
      const file = join(job.state, "task.xml");
      await writeOwn(file, task(job, user));
      try {
        await run("schtasks", ["/End", "/TN", job.name]);
        await mustRun(run, "schtasks", ["/Create", "/F", "/TN", job.name, "/XML", file]);
        await mustRun(run, "schtasks", ["/Run", "/TN", job.name]);
      } finally {
        await removeOwn(file);
      }
      return ["It begins when you log in."];
    },
    async uninstall({ name }) {
      if ((await run("schtasks", ["/Query", "/TN", name])).code !== 0) return;
      await run("schtasks", ["/End", "/TN", name]);
      await mustRun(run, "schtasks", ["/Delete", "/F", "/TN", name]);
    },
    async state({ name }) {
      const query = ["/Query", "/TN", name, "/V", "/FO", "CSV", "/NH"];
      const { code, text } = await run("schtasks", query);
      return code !== 0 ? "absent" : text.includes(`"${RUNNING}"`) ? "running" : "stopped";
    },
  };
}

/** The task, in the scheduler's XML: from the login on, for as long as it takes. */
function task({ hostname, argv, folder }: Job, user: string): string {
  const [program = "", ...args] = argv;
  return `<?xml version="1.0"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>https://${xmlText(hostname)}</Description></RegistrationInfo>
  <Triggers><LogonTrigger><UserId>${xmlText(user)}</UserId></LogonTrigger></Triggers>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure><Interval>PT1M</Interval><Count>${RESTARTS}</Count></RestartOnFailure>
    <Hidden>true</Hidden>
  </Settings>
  <Actions><Exec>
    <Command>${xmlText(program)}</Command>
    <Arguments>${xmlText(args.map(quoted).join(" "))}</Arguments>
    <WorkingDirectory>${xmlText(folder)}</WorkingDirectory>
  </Exec></Actions>
</Task>
`;
}

/** A word of a command line, as the C runtime of Windows takes it apart. */
function quoted(word: string): string {
  return /^[\w.:\\/=-]+$/.test(word)
    ? word
    : `"${word.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, "$1$1")}"`;
}
