/**
 * What keeps `glosson run` running on this system, after a logout and from the start of the computer
 * on, as far as it can.
 *
 * @module
 */
import { cron } from "./cron.ts";
import { launchd } from "./launchd.ts";
import type { RunProgram } from "./program.ts";
import { scheduledTask } from "./scheduled_task.ts";
import { systemd } from "./systemd.ts";

/** What is to be kept running. */
export interface Job {
  /** What it is called there: letters, digits, "-". */
  name: string;
  /** The page's host name, for people. */
  hostname: string;
  /** The program and its arguments. */
  argv: readonly string[];
  /** Folder that it is started in. */
  folder: string;
  /** State folder. */
  state: string;
}

/** How a job is. */
export type JobState = "running" | "stopped" | "absent";

/** One way to keep a job running. Its methods throw an error with what the system's program said. */
export interface ServiceManager {
  /** For people. */
  readonly label: string;
  /** Whether this system has it. */
  isHere(): Promise<boolean>;
  /** Writes what it takes, in the place of an older one, and starts it; returns hints for the user. */
  install(job: Job): Promise<string[]>;
  /** Stops it and takes everything away; no error where there is nothing. */
  uninstall(job: Pick<Job, "name" | "state">): Promise<void>;
  /** How it is. */
  state(job: Pick<Job, "name" | "state">): Promise<JobState>;
}

/** What a service manager needs of the world. */
export interface ServiceWorld {
  run: RunProgram;
  /** A variable of the environment. */
  env: (name: string) => string | undefined;
  os: typeof Deno.build.os;
}

/** What this system has, best first. */
export function serviceManagers(world: ServiceWorld): ServiceManager[] {
  switch (world.os) {
    case "darwin":
      return [launchd(world)];
    case "windows":
      return [scheduledTask(world)];
    default:
      return [systemd(world), cron(world)];
  }
}
