/** A program that is compiled into an executable. */
export interface Program {
  name: string;
  main: string;
  /** Modules that are not imported but run beside it, in a worker. */
  workers: string[];
  /** What it may do, and nothing else: the executable asks nobody for more. */
  permissions: string[];
  /** Programs that it may start besides, by the system that it is compiled for. */
  starts?: Record<string, string[]>;
  /** Names of the platforms that it is released for. */
  platforms: string[];
}

/** Deno's name of each platform. */
export const PLATFORMS: Record<string, string> = {
  "linux-x64": "x86_64-unknown-linux-gnu",
  "linux-arm64": "aarch64-unknown-linux-gnu",
  "macos-x64": "x86_64-apple-darwin",
  "macos-arm64": "aarch64-apple-darwin",
  "windows-x64": "x86_64-pc-windows-msvc",
};

/** The relay and the client; examples/OPERATING.md says what each permission is for. */
export const PROGRAMS: Program[] = [
  {
    name: "glossond",
    main: "main.ts",
    workers: ["archive", "checkpoint"].map((name) => `lib/store/sqlite/${name}_worker.ts`),
    permissions: [
      "--allow-net",
      // The state folder and the files that settings name, which are anywhere: the unit narrows it.
      "--allow-read",
      "--allow-write",
      // A command of root's becomes the state folder's owner; Deno has no narrower word for that.
      "--allow-sys",
      "--allow-env=GLOSSOND_*,JOURNAL_STREAM,NOTIFY_SOCKET,SUDO_UID,WATCHDOG_USEC",
    ],
    // Itself, for GLOSSOND_PROCESSES: by this name wherever it is.
    starts: { linux: ["python3", "/proc/self/exe"], darwin: ["python3"] },
    platforms: ["linux-x64", "linux-arm64", "macos-x64", "macos-arm64"],
  },
  {
    name: "glosson",
    main: "examples/client/main.ts",
    workers: [],
    permissions: [
      "--allow-net",
      "--allow-read",
      "--allow-write",
      // So that nothing in these is connected to because a relay elsewhere says so.
      "--allow-sys=networkInterfaces",
      "--allow-env=GLOSSON_STATE,XDG_CONFIG_HOME,HOME,APPDATA,USER,USERNAME,USERDOMAIN,HTTPS_PROXY,https_proxy,ALL_PROXY,all_proxy",
    ],
    // What `install` and `status` ask to keep `run` running: systemd, else cron.
    starts: {
      linux: ["systemctl", "loginctl", "crontab", "sh", "ps", "kill"],
      darwin: ["launchctl"],
      windows: ["schtasks"],
    },
    platforms: Object.keys(PLATFORMS),
  },
];

/** What a program may do that is compiled for a target of {@linkcode PLATFORMS}. */
export function permissionsFor({ permissions, starts }: Program, target: string): string[] {
  const names = Object.entries(starts ?? {}).find(([os]) => target.includes(os))?.[1];
  return names === undefined ? permissions : [...permissions, `--allow-run=${names.join(",")}`];
}

/**
 * As in the tasks of deno.json. Room for young objects: 4 MiB, not 16. Old ones are collected once
 * they grew by 30 %, not to several times as much: less memory for idle connections, and for a busy
 * relay. No Turbofan (2 is Maglev): nearly all time is spent in the kernel and in the runtime's own code, and the
 * jobs of that compiler, milliseconds each for as long as a program runs, hold up visitors on the same processor.
 */
export const V8_FLAGS = "--max-semi-space-size=4,--heap-growing-percent=30,--max-opt=2";

/**
 * What the relay's environment should have, as units, the container and the tasks of deno.json give it:
 * after how many turns of work that is there already the runtime looks for what has come since. By
 * itself it does after 61, and a visitor in the midst of a flood waits for all of them, several times.
 */
export const EVENT_INTERVAL = "DENO_TOKIO_EVENT_INTERVAL=4";

/**
 * Options of every executable.
 *
 * `--no-code-cache`: it would be a file of a known name in /tmp, where others could put one first.
 * `--ignore-env` makes every other variable look as if it was not set: libraries ask for some (`debug`
 * for DEBUG and all names that begin with it) and would fail where the answer is an error.
 */
export const COMMON_OPTIONS = [
  "--no-prompt",
  "--no-code-cache",
  "--ignore-env",
  "--no-check",
  "--quiet",
  // For ports that are shared with a successor.
  "--unstable-net",
  `--v8-flags=${V8_FLAGS}`,
];
