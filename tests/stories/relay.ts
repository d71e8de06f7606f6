import { fileURLToPath } from "node:url";
import { readLines } from "../../scripts/lines.ts";

/** The repository's root. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** How long the daemon may take to say that it is ready. */
const READY_TIMEOUT_MS = 30_000;

/** The base domain of stories. */
export const BASE = "glosson.localhost";

/** A relay that runs as a process of its own. */
export interface Relay extends AsyncDisposable {
  readonly pid: number;
  readonly stateDir: string;
  readonly biosDir: string;
  /** Port of each listener by its name. */
  readonly ports: Record<string, number>;
  /** PEM of the local authority's root. */
  readonly ca: string;
  /** Every log line so far. */
  readonly lines: Record<string, unknown>[];
  /** Resolves when whoever reads the log has ended; with the relay itself as a rule. */
  readonly readerGone: Promise<void>;
  /** Resolves with the first line, past or to come, that has this message. */
  logged(message: string, fields?: Record<string, unknown>): Promise<Record<string, unknown>>;
  /** Sends a signal and waits for the end; the state folder stays. */
  stop(signal?: Deno.Signal): Promise<Deno.CommandStatus>;
}

/** Options for {@linkcode startRelay}. */
export interface RelayOptions {
  /** Settings without their prefix. */
  settings?: Record<string, string>;
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

/** Starts the real daemon on free ports with the local authority and a new state folder. */
export async function startRelay(options: RelayOptions = {}): Promise<Relay> {
  const dir = options.dir ?? await Deno.makeTempDir({ prefix: "glossond-story-" });
  const stateDir = `${dir}/state`;
  const biosDir = `${dir}/bios`;
  await Deno.mkdir(biosDir, { recursive: true });
  const script = options.bioScript ?? await Deno.readTextFile(`${ROOT}get_bio.example.py`);
  await Deno.writeTextFile(`${dir}/get_bio.py`, script);

  const settings: Record<string, string> = {
    BASE_DOMAIN: BASE,
    STATE_DIR: stateDir,
    GET_BIO_SCRIPT: `${dir}/get_bio.py`,
    SECRETS_FILE: `${dir}/.secrets`,
    AUTHORITY: "local",
    HUB_PORT: "0",
    DATA_HOST: "127.0.0.1",
    DATA_PORT: "0",
    CONTROL_PORT: "0",
    PAGES_PORT: "0",
    ADMIN_PORT: "0",
    PUBLIC_DATA_HOST: "127.0.0.1",
    PUBLIC_PORT: "0",
    DRAIN_SECONDS: "1",
    LOG: "json",
    LOG_LEVEL: "debug",
    ...options.settings,
  };
  const { PATH = "/usr/bin:/bin", HOME = dir, DENO_DIR } = Deno.env.toObject();
  const executable = Deno.env.get("GLOSSOND_BIN");
  const serve = ["serve", ...options.takeover ? ["--takeover"] : []];
  const [program = "", ...args] = [
    ...options.launcher ?? [],
    ...executable ? [executable, ...serve] : [
      ...[Deno.execPath(), "run", "-A", "--no-prompt"],
      ...options.preload === undefined ? [] : [`--preload=${options.preload}`],
      ...[`${ROOT}main.ts`, ...serve],
    ],
  ];
  const process = new Deno.Command(program, {
    args,
    clearEnv: true,
    env: {
      PATH,
      HOME,
      ...(DENO_DIR !== undefined && { DENO_DIR }),
      ...Object.fromEntries(Object.entries(settings).map(([k, v]) => [`GLOSSOND_${k}`, v])),
    },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();

  const lines: Record<string, unknown>[] = [];
  const listeners = new Set<() => void>();
  const reading = readLines(process.stderr, (line) => {
    lines.push(parseLine(line));
    for (const listener of listeners) listener();
  });

  async function logged(
    message: string,
    fields: Record<string, unknown> = {},
  ): Promise<Record<string, unknown>> {
    const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>();
    const look = (): void => {
      const found = lines.find((line) =>
        line.message === message && Object.entries(fields).every(([k, v]) => line[k] === v)
      );
      if (found) resolve(found);
    };
    const timer = setTimeout(
      () =>
        reject(
          new Error(
            `No log line ${JSON.stringify(message)}; the last: ${JSON.stringify(lines.slice(-5))}`,
          ),
        ),
      READY_TIMEOUT_MS,
    );
    listeners.add(look);
    look();
    reading.then(() => reject(new Error(`The relay ended: ${JSON.stringify(lines.slice(-5))}`)));
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      listeners.delete(look);
    }
  }

  async function stop(signal: Deno.Signal = "SIGTERM"): Promise<Deno.CommandStatus> {
    try {
      process.kill(signal);
    } catch {
      // Ended already.
    }
    const status = await process.status;
    await reading;
    return status;
  }

  async function dispose(): Promise<void> {
    await stop();
    await Deno.remove(dir, { recursive: true }).catch((error) => {
      // By another relay of the same folder.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }

  try {
    const ready = await logged("ready");
    const names = ["hub", "data", "control", "pages", "admin", "http"];
    return {
      pid: process.pid,
      stateDir,
      biosDir,
      ports: Object.fromEntries(
        names.filter((name) => name in ready)
          .map((name) => [name, Number(String(ready[name]).split(":").at(-1))]),
      ),
      ca: await Deno.readTextFile(`${stateDir}/local-ca.pem`),
      lines,
      readerGone: reading,
      logged,
      stop,
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    // A folder that was handed in is still its owner's.
    await (options.dir === undefined ? dispose() : stop());
    throw error;
  }
}

function parseLine(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    // Not of the log: what Deno itself says, or a fatal message.
    return { message: line };
  }
}
