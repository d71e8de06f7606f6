import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { lastLines, LOG_NAME } from "./log_file.ts";
import { lockState } from "./lock.ts";
import { runProgram } from "./service/program.ts";
import {
  type Job,
  type JobState,
  type ServiceManager,
  serviceManagers,
} from "./service/service.ts";
import type { State } from "./state.ts";
import { stateFolder } from "./state_folder.ts";

/** Digits of a folder's hash in the name of its job. */
const HASH_LENGTH = 8;

/** What these commands need of the world around them. */
export interface InstallWorld {
  state: State;
  say: (text: string) => void;
  env: (name: string) => string | undefined;
  /** The program that runs, and the arguments before those of its own. */
  self: readonly string[];
  /** @default {those of this system} */
  managers?: ServiceManager[];
}

/** What an installed `run` is, and what keeps it running. */
export interface Installed {
  by: string;
  state: Exclude<JobState, "absent">;
}

/**
 * Has this system keep `run` running with these arguments.
 *
 * @throws {Error} with a message for the person, if nothing is set up, another `run` is under way, or the
 * system has no way.
 */
export async function install(runArgs: readonly string[], world: InstallWorld): Promise<void> {
  const { state, say, self } = world;
  const { hostname } = await state.neededAccount();
  const there = await found(world);
  // An installed one that runs gives way to the new one, others do not.
  if (there?.state !== "running") (await lockState(state, "install"))[Symbol.dispose]();
  const { manager, job } = there ?? await here(world);
  const folder = resolve(state.folder);
  const own = ["--state", folder, "--log-file", resolve(folder, LOG_NAME)];
  const argv = [...self, "run", ...runArgs, ...own];
  const hints = await manager.install({ ...job, hostname, argv, folder: Deno.cwd() });
  say(`glosson runs now, by ${manager.label}, and goes on by itself: https://${hostname}`);
  for (const hint of hints) say(hint);
  say("See glosson status, and glosson logs. glosson uninstall ends it.");
}

/** Takes away what {@linkcode install} made. */
export async function uninstall(world: InstallWorld): Promise<void> {
  const there = await found(world);
  if (there === undefined) throw new Error("Nothing is installed; glosson install does that");
  await there.manager.uninstall(there.job);
  world.say("glosson runs no more, and does not begin by itself.");
}

/** What is installed for this state folder; undefined when nothing is. */
export async function installed(
  world: Pick<InstallWorld, "state" | "env" | "managers">,
): Promise<Installed | undefined> {
  const there = await found(world);
  if (there === undefined) return undefined;
  return { by: there.manager.label, state: there.state };
}

/** Tells the last lines of what an installed `run` said. */
export async function logs(
  lines: number,
  { state, say }: Pick<InstallWorld, "state" | "say">,
): Promise<void> {
  const last = await lastLines(state.path(LOG_NAME), lines);
  if (last === undefined) {
    throw new Error(
      `There is no log in ${state.folder}: glosson install makes one; glosson run tells here what it does`,
    );
  }
  for (const line of last) say(line);
}

type Known = Pick<Job, "name" | "state">;

/** The manager that has the job. */
async function found(
  world: Pick<InstallWorld, "state" | "env" | "managers">,
): Promise<{ manager: ServiceManager; job: Known; state: Installed["state"] } | undefined> {
  const job = jobOf(world);
  for (const manager of managersOf(world)) {
    const state = await manager.state(job);
    if (state !== "absent") return { manager, job, state };
  }
  return undefined;
}

/** The best manager of this system. */
async function here(world: InstallWorld): Promise<{ manager: ServiceManager; job: Known }> {
  const managers = managersOf(world);
  for (const manager of managers) {
    if (await manager.isHere()) return { manager, job: jobOf(world) };
  }
  const labels = managers.map(({ label }) => label).join(" or ");
  throw new Error(
    `Cannot install: this system has no ${labels} for this user; have it start glosson run by ` +
      "whatever starts its services",
  );
}

function managersOf({ env, managers }: Pick<InstallWorld, "env" | "managers">): ServiceManager[] {
  return managers ?? serviceManagers({ run: runProgram, env, os: Deno.build.os });
}

/** Each state folder has a job of its own: the usual one's has the plain name. */
function jobOf({ state, env }: Pick<InstallWorld, "state" | "env">): Known {
  const folder = resolve(state.folder);
  if (folder === usualFolder(env)) return { name: "glosson", state: folder };
  const readable = folder.replace(/[^A-Za-z\d]+/g, "-").replace(/^-|-$/g, "");
  // Folders that read alike are told apart by it.
  const hash = createHash("sha256").update(folder).digest("hex").slice(0, HASH_LENGTH);
  return { name: `glosson-${readable}-${hash}`, state: folder };
}

/** The state folder of a `run` that is told none; undefined where none can be told. */
function usualFolder(env: InstallWorld["env"]): string | undefined {
  try {
    return resolve(
      stateFolder(undefined, (name) => name === "GLOSSON_STATE" ? undefined : env(name)),
    );
  } catch {
    return undefined;
  }
}
