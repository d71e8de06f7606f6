import { fileURLToPath } from "node:url";
import { bareEnvironment, settingVariables } from "./environment.ts";
import type { LogLine } from "./relay_log.ts";
import { startRelayProcess } from "./relay_process.ts";

/** The repository's root. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The base domain of stories. */
export const BASE = "glosson.localhost";

/** A relay that runs as a process of its own. */
export interface Relay extends AsyncDisposable {
  readonly pid: number;
  /** The folder of everything that is its own, for {@linkcode RelayOptions.dir} of another. */
  readonly dir: string;
  readonly stateDir: string;
  readonly biosDir: string;
  /** Port of each listener by its name. */
  readonly ports: Record<string, number>;
  /** PEM of the local authority's root. */
  readonly ca: string;
  /** Every log line so far. */
  readonly lines: LogLine[];
  /** Resolves when whoever reads the log has ended; with the relay itself as a rule. */
  readonly readerGone: Promise<void>;
  /** Resolves with the first line, past or to come, that has this message and these fields. */
  logged(message: string, fields?: LogLine): Promise<LogLine>;
  /** Sends a signal and waits for the end; the state folder stays. */
  stop(signal?: Deno.Signal): Promise<Deno.CommandStatus>;
}

/** Options for {@linkcode startRelay}. */
export interface RelayOptions {
  /** Settings without their prefix. */
  settings?: Record<string, string>;
  /** The daemon's executable. @default {the one that `GLOSSOND_BIN` names, else the source} */
  executable?: string;
  /** A program and its arguments that start the daemon, as `prlimit` does. */
  launcher?: string[];
  /** A module to load before the daemon's own; not with an executable. */
  preload?: string;
  /** Text of get_bio.py; by default the example script. */
  bioScript?: string;
  /** A folder of an earlier relay, to go on with its state. */
  dir?: string;
  /** Whether it takes the place of the relay that runs on the folder. */
  takeover?: boolean;
}

/** Makes the folder of a relay with the local authority; its settings, by which every port is free. */
export async function prepareRelay(
  dir: string,
  bioScript?: string,
): Promise<Record<string, string>> {
  await Deno.mkdir(`${dir}/bios`, { recursive: true });
  const script = bioScript ?? await Deno.readTextFile(`${ROOT}get_bio.example.py`);
  await Deno.writeTextFile(`${dir}/get_bio.py`, script);
  const ports = ["HUB", "DATA", "CONTROL", "PAGES", "ADMIN", "PUBLIC"];
  return {
    BASE_DOMAIN: BASE,
    STATE_DIR: `${dir}/state`,
    GET_BIO_SCRIPT: `${dir}/get_bio.py`,
    SECRETS_FILE: `${dir}/.secrets`,
    AUTHORITY: "local",
    DATA_HOST: "127.0.0.1",
    PUBLIC_DATA_HOST: "127.0.0.1",
    ...Object.fromEntries(ports.map((name) => [`${name}_PORT`, "0"])),
    DRAIN_SECONDS: "1",
  };
}

/** Starts the real daemon on free ports with the local authority and a new state folder. */
export async function startRelay(options: RelayOptions = {}): Promise<Relay> {
  const dir = options.dir ?? await Deno.makeTempDir({ prefix: "glossond-story-" });
  const stateDir = `${dir}/state`;
  const settings = {
    ...await prepareRelay(dir, options.bioScript),
    LOG: "json",
    LOG_LEVEL: "debug",
    ...options.settings,
  };
  const executable = options.executable ?? Deno.env.get("GLOSSOND_BIN");
  const serve = ["serve", ...options.takeover ? ["--takeover"] : []];
  const argv = [
    ...options.launcher ?? [],
    ...executable ? [executable, ...serve] : [
      ...[Deno.execPath(), "run", "-A", "--no-prompt"],
      ...options.preload === undefined ? [] : [`--preload=${options.preload}`],
      ...[`${ROOT}main.ts`, ...serve],
    ],
  ];

  async function removeDir(): Promise<void> {
    await Deno.remove(dir, { recursive: true }).catch((error) => {
      // By another relay of the same folder.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }

  await using stack = new AsyncDisposableStack();
  // A folder that was handed in is still its owner's where the start fails.
  if (options.dir === undefined) stack.defer(removeDir);
  const env = { ...bareEnvironment(dir), ...settingVariables(settings) };
  const { pid, log, ports, stop } = await startRelayProcess(argv, env);
  stack.defer(async () => void await stop());
  const ca = await Deno.readTextFile(`${stateDir}/local-ca.pem`);
  stack.move();
  return {
    ...{ pid, dir, stateDir, biosDir: `${dir}/bios`, ports, ca, stop },
    ...{ lines: log.lines, readerGone: log.ended },
    logged: (message, fields) => log.logged(message, fields),
    async [Symbol.asyncDispose]() {
      await stop();
      await removeDir();
    },
  };
}

/** Starts a relay at the ports of one that has stopped. */
export async function startAgain(stopped: Relay, options: RelayOptions): Promise<Relay> {
  const ports = Object.entries(stopped.ports).map(([name, port]) => [
    `${name.toUpperCase()}_PORT`,
    String(port),
  ]);
  return await startRelay({
    ...options,
    settings: { ...options.settings, ...Object.fromEntries(ports) },
  });
}
