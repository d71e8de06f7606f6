import { endOf, type Ran, run } from "../../../scripts/run.ts";
import { commandLine, commandWith } from "../../stories/admin_command.ts";
import { bareEnvironment, settingVariables } from "../../stories/environment.ts";
import type { LogLine } from "../../stories/relay_log.ts";
import { startRelayProcess } from "../../stories/relay_process.ts";
import { seedAccounts } from "../../store/helpers.ts";
import { type AcmeBench, acmeBench, BASE, type OrderBench } from "./bench.ts";
import { startLoopbackProxy } from "./proxy.ts";
import type { PebbleOptions } from "./servers.ts";

const EXAMPLE_BIO = new URL("../../../get_bio.example.py", import.meta.url).pathname;

/** A relay with the ACME authority, as a process, and the servers that it needs. */
export interface AcmeDaemon<B extends OrderBench = AcmeBench> extends AsyncDisposable {
  it: B;
  /** Settings as environment variables. */
  env: Record<string, string>;
  biosDir: string;
  /** URL of a proxy that finds names below the base domain on this machine. */
  proxy: string;
  ports: Record<string, number>;
  lines: LogLine[];
  /** Resolves with the first line, past or to come, that has this message. */
  logged(message: string): Promise<LogLine>;
  /** Runs a command of glossond with the daemon's settings. */
  glossond(...args: string[]): Promise<Ran>;
  /** Starts one. */
  spawn(...args: string[]): Deno.ChildProcess;
  /** Ends the daemon by a signal and, after `meanwhile`, starts it again; its lines begin anew. */
  restart(signal: Deno.Signal, meanwhile?: () => Promise<unknown>): Promise<void>;
}

/** How {@linkcode startDaemonBeside} starts the daemon. */
export interface DaemonOptions<B extends OrderBench = AcmeBench> {
  /** Settings without their prefix. */
  settings?: Record<string, string>;
  /** Users with accounts from the start; their tokens are put in. */
  users?: Map<string, string>;
  /** Called before the daemon starts. */
  prepare?: (it: B) => Promise<unknown>;
}

/** Starts Pebble, PowerDNS and the real daemon on free ports with an empty state folder. */
export function startAcmeDaemon(
  options: DaemonOptions & Partial<PebbleOptions> = {},
): Promise<AcmeDaemon> {
  return startDaemonBeside(() => acmeBench(options), options);
}

/** Starts the servers of a bench and the real daemon on free ports with an empty state folder. */
export async function startDaemonBeside<B extends OrderBench>(
  startBench: () => Promise<B>,
  { settings = {}, users, prepare }: DaemonOptions<B> = {},
): Promise<AcmeDaemon<B>> {
  const stack = new AsyncDisposableStack();
  try {
    const it = stack.use(await startBench());
    const stateDir = `${it.stateDir}/state`;
    const biosDir = `${it.stateDir}/bios`;
    await Deno.mkdir(biosDir);
    await Deno.copyFile(EXAMPLE_BIO, `${it.stateDir}/get_bio.py`);
    await Deno.writeTextFile(`${it.stateDir}/acme-ca.pem`, it.pebble.caPem);
    await Deno.writeTextFile(`${it.stateDir}/.secrets`, it.dns.relay.secrets);
    if (users !== undefined) await addUsers(stateDir, users);
    await prepare?.(it);
    const named: Record<string, string> = {
      BASE_DOMAIN: BASE,
      STATE_DIR: stateDir,
      GET_BIO_SCRIPT: `${it.stateDir}/get_bio.py`,
      SECRETS_FILE: `${it.stateDir}/.secrets`,
      AUTHORITY: "acme",
      ACME_DIRECTORY_URL: it.pebble.directoryUrl,
      ACME_CA_FILE: `${it.stateDir}/acme-ca.pem`,
      ACME_EMAIL: "operator@example.test",
      ...it.dns.relay.settings,
      DNS_SERVERS: `127.0.0.1:${it.dns.dnsPort}`,
      ...Object.fromEntries(
        ["HUB", "DATA", "CONTROL", "PAGES", "ADMIN", "PUBLIC"].map((name) => [`${name}_PORT`, "0"]),
      ),
      DATA_HOST: "127.0.0.1",
      PUBLIC_DATA_HOST: "127.0.0.1",
      DRAIN_SECONDS: "0",
      LOG: "json",
      ...settings,
    };
    const env = { ...bareEnvironment(it.stateDir), ...settingVariables(named) };
    const serve = () => startRelayProcess(commandLine(["serve"]), env);
    let running = await serve();
    stack.defer(async () => void await running.stop());
    const { ports } = running;
    const proxy = stack.use(startLoopbackProxy());
    const command = (words: string[]): Deno.Command =>
      // Commands read the listeners' ports from their settings.
      commandWith(words, { ...env, GLOSSOND_PAGES_PORT: String(ports.pages) });
    return {
      it: { ...it, stateDir },
      env,
      biosDir,
      proxy: proxy.url,
      ports,
      get lines() {
        return running.log.lines;
      },
      logged: (message) => running.log.logged(message),
      async restart(signal, meanwhile): Promise<void> {
        await running.stop(signal);
        await meanwhile?.();
        running = await serve();
        Object.assign(ports, running.ports);
      },
      glossond: (...args) => endOf(command(args)),
      spawn: (...args) => command(args).spawn(),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** Runs a Deno program of this repository to its end; `args` begin with its permissions. */
export function runProgram(args: string[], env: Record<string, string>): Promise<Ran> {
  return run(Deno.execPath(), ["run", "--no-check", ...args], { clearEnv: true, env });
}

async function addUsers(stateDir: string, users: Map<string, string>): Promise<void> {
  await Deno.mkdir(stateDir, { mode: 0o700 });
  const usernames = [...users.keys()];
  seedAccounts(stateDir, usernames).forEach((token, i) => users.set(usernames[i]!, token));
}
