import { connectAdmin } from "../admin/client.ts";
import { handOverOf, type Predecessor } from "../admin/hand_over.ts";
import { inputEnd, processOf, runProcesses, starterOf } from "./serve_processes.ts";
import { managerOf, ServiceManager } from "./service_manager.ts";
import { settingsDifference, withLive } from "../config/difference.ts";
import { loadConfig } from "../config/load.ts";
import { MOST_PROCESSES } from "../config/processes.ts";
import type { Settings } from "../config/settings.ts";
import { type Daemon, startDaemon } from "../daemon.ts";
import { loadLateModules } from "../daemon/late_modules.ts";
import { lockForHandOver } from "../file/hand_over_lock.ts";
import { createLog, type LeveledLog, type Log } from "../log.ts";
import { settleWithin } from "../net/pause.ts";
import { SOFTWARE } from "../version.ts";
import { type Command, type CommandContext, EXIT } from "./command.ts";

/** How long the next process waits at most while clients are sent to one that has taken another's place, milliseconds. */
const MOVING_MS = 40_000;

/** `glossond serve`. */
export const serve: Command = {
  summary: "run the relay (also without a command)",
  help: `Usage: glossond serve [--takeover] [--process N]

Runs the relay until SIGTERM or SIGINT; a second one ends it at once. Log lines
go to standard error; the one that says "ready" names every listener.
SIGHUP reads the settings file and the secrets file again: what is different is
logged and taken over, or named as waiting for a restart. Settings with a
problem change nothing. A new certificate is noticed by itself.

  --takeover  take the place of the relay that runs on the same state folder, on
              the same addresses, without a moment in which nobody listens; the
              other one keeps its visitors for GLOSSOND_DRAIN_SECONDS (3600
              unless set) and ends. Where none runs, start as without it. Linux
              only.
  --process N  be the Nth of GLOSSOND_PROCESSES, until the end of standard
               input: what serve starts, and no one else has to

Exit: 0 stopped, 1 failed, 2 wrong settings.
`,
  options: { takeover: { type: "boolean" }, process: { type: "string" } },
  run: (context) => runRelay(context, false),
};

/** `glossond dev`. */
export const dev: Command = {
  summary: "run it for a trial here: glosson.localhost, local certificates",
  help: `Usage: glossond dev

Runs the relay on this machine alone: base domain glosson.localhost,
certificates of an embedded authority (root: state/dev/local-ca.pem), bios from
the folder bios beside get_bio.example.py. Settings from the environment still
count.
`,
  run: (context) => runRelay(context, true),
};

async function runRelay(context: CommandContext, dev: boolean): Promise<number> {
  const { printError } = context;
  const { settings, problems } = loadConfig({ ...await context.readSettings(), dev });
  if (settings === undefined) {
    printError(problems.map((problem) => `glossond: ${problem}\n`).join(""));
    printError("glossond config shows every setting.\n");
    return EXIT.usage;
  }
  const process = processOf(context.options.process, settings);
  const log = createLog({
    level: settings.logLevel,
    format: settings.log,
    journal: context.isJournal,
    write: context.writeLog,
    ...(process !== undefined && { fields: { process } }),
  });
  if (process === undefined && settings.processes > 1) {
    if (!dev) return await runProcesses(context, settings, log);
    throw new Error(
      "GLOSSOND_PROCESSES is for glossond serve, a trial is one process; leave it at 1",
      { cause: EXIT.usage },
    );
  }
  return await runProcess({ context, dev, settings, process, log });
}

/** What a process of the relay is run by. */
interface ProcessOptions extends Omit<Reloading, "daemon"> {
  /** Which one of several; undefined for the only one. */
  process: number | undefined;
}

async function runProcess(options: ProcessOptions): Promise<number> {
  const { context, settings, process, log } = options;
  const { onSignal } = context;
  // Listened for from the start, since SIGHUP ends whoever does not: a reload that comes before there
  // is something to reload is made up for.
  let reload = (): void => void (hasMissed = true);
  let hasMissed = false;
  onSignal("SIGHUP", () => reload());
  const stopping = Promise.withResolvers<void>();
  const starting = new AbortController();
  let asked = false;
  let hasSuccessor = false;
  function stop(): void {
    asked = true;
    stopping.resolve();
    starting.abort(new Error("It was told to stop before it had taken the other relay's place"));
  }
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    onSignal(signal, () => {
      // The second one means now; so does one that comes when there is a successor.
      if (asked) Deno.exit(hasSuccessor ? EXIT.ok : EXIT.failed);
      stop();
    });
  }
  // One that has a successor is there for its last visitors alone.
  if (process !== undefined) inputEnd(context).then(() => asked || stop());
  log.info("starting", { software: SOFTWARE });
  const takeover = context.options.takeover === true;
  const turn = takeover
    ? await lockForHandOver(settings.stateDir, process ?? 1, starting.signal)
    : undefined;
  const predecessor = takeover ? await findPredecessor(settings, process ?? 1, log) : undefined;
  // Meanwhile the other one serves: here it holds up nobody.
  if (predecessor !== undefined) await loadLateModules(settings, log);
  const daemon = await startDaemon(settings, log, {
    process: process ?? 1,
    predecessor,
    signal: starting.signal,
  });
  // The next one would not know of who is still at the one before.
  if (turn !== undefined) settleWithin(MOVING_MS, [daemon.moved]).then(turn.release);
  const reloadAgain = reloader({ ...options, daemon });
  reload = () => reloadAgain(true);
  daemon.onReloadTold(() => reloadAgain(false));
  const listener = process === undefined ? managerOf(context, settings) : starterOf(context);
  const service = listener && new ServiceManager(listener);
  await service?.ready(() => daemon.summary());
  log.info("ready", { baseDomain: settings.baseDomain, ...daemon.addresses });
  if (predecessor === undefined) void loadLateModules(settings, log);
  if (hasMissed) reload();
  const handedOver = daemon.handedOver.then((has) => {
    hasSuccessor = asked = has;
    return has ? EXIT.ok : EXIT.failed;
  });
  const code = await Promise.race([stopping.promise, handedOver]) ?? EXIT.ok;
  if (hasSuccessor) {
    log.info("another process has this relay's place: it ends with its last visitor");
    await service?.left();
  } else {
    log.info("stopping");
    await service?.stopping();
  }
  await daemon.stop();
  service?.close();
  log.info("stopped");
  return code;
}

/**
 * The relay whose place is to be taken; undefined when none runs. Of one that has more processes than this one,
 * each process of this one takes its share.
 */
async function findPredecessor(
  { stateDir, processes }: Settings,
  process: number,
  log: Log,
): Promise<Predecessor | undefined> {
  const running: Predecessor[] = [];
  for (let number = process; number <= MOST_PROCESSES; number += processes) {
    const found = await connectAdmin(stateDir, number);
    if (found !== undefined) running.push(found.handOver);
  }
  const [first, ...others] = running;
  if (first !== undefined) return handOverOf([first, ...others]);
  log.info("no relay runs on the state folder: nothing to take over");
  return undefined;
}

/** What a reload works on. */
interface Reloading {
  context: CommandContext;
  dev: boolean;
  /** Those that hold. */
  settings: Settings;
  daemon: Daemon;
  log: LeveledLog;
}

/**
 * Makes what reads the settings again, on SIGHUP or when another relay of BASE did; what comes fast is
 * taken one after another. It is told whether the other relays are to do so, too.
 */
function reloader(reloading: Reloading): (tell: boolean) => void {
  let turn = Promise.resolve();
  return (tell) => {
    turn = turn.then(() => reload(reloading, tell));
  };
}

async function reload(reloading: Reloading, tell: boolean): Promise<void> {
  const { context, dev, daemon, log } = reloading;
  const wanted = await readAgain(context, dev, log);
  if (wanted === undefined) return;
  const changes = settingsDifference(reloading.settings, wanted);
  for (const { live, ...change } of changes) {
    if (live) log.info("setting changed", change);
    else log.warn("setting changes at the next restart only", change);
  }
  if (changes.length === 0) log.info("settings read again, nothing is different");
  reloading.settings = withLive(reloading.settings, wanted);
  log.setLevel(reloading.settings.logLevel);
  daemon.reload(reloading.settings, tell);
}

/** The settings as they are now; logs why when they cannot be used. */
async function readAgain(
  context: CommandContext,
  dev: boolean,
  log: LeveledLog,
): Promise<Settings | undefined> {
  const problems: string[] = [];
  try {
    const loaded = loadConfig({ ...await context.readSettings(), dev });
    if (loaded.settings !== undefined) return loaded.settings;
    problems.push(...loaded.problems);
  } catch (error) {
    problems.push((error as Error).message);
  }
  for (const problem of problems) log.error("settings not taken, the old ones hold", { problem });
  return undefined;
}
