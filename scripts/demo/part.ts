import { fileURLToPath } from "node:url";
import { EVENT_INTERVAL, V8_FLAGS } from "../compile/programs.ts";
import { LoggedProcess, type LoggedProcessOptions } from "../logged_process.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** How long a part may take to be ready. */
const READY_TIMEOUT_MS = 60_000;

/** What the relay and the client may do: what an operator would grant them too. */
const PERMISSIONS = {
  glossond: [
    "--allow-net",
    "--allow-read",
    "--allow-write",
    "--allow-env",
    "--allow-sys",
    "--allow-run=python3",
  ],
  glosson: ["--allow-net", "--allow-read", "--allow-write", "--allow-env", "--allow-sys"],
};

/** Settings by which every port of the relay is one that is free. */
export const FREE_PORTS = Object.fromEntries(
  ["HUB", "DATA", "CONTROL", "PAGES", "ADMIN"].map((name) => [`GLOSSOND_${name}_PORT`, "0"]),
);

/** Options for {@linkcode glossond} and {@linkcode glosson}. */
export interface PartOptions extends Pick<LoggedProcessOptions, "onLine"> {
  /** Checkout whose code is run, with a slash behind it. @default this one */
  root?: string;
  /** A program and its arguments that start the part, as `ip netns exec NAME`. */
  launcher?: readonly string[];
}

/** Options for {@linkcode glosson}. */
interface ClientOptions extends PartOptions {
  /** Whom it is set up as. @default {"kaylee"} */
  name?: string;
  /** Where its relay is. @default {"localhost"} */
  relayHost?: string;
  /** Further arguments of `glosson run`. */
  args?: string[];
}

/** Where the state of a client is. */
function stateOf(dir: string, { name = "kaylee" }: ClientOptions): string {
  return `${dir}/${name === "kaylee" ? "client" : `client-${name}`}`;
}

/** A process of the demo. */
export class DemoPart extends LoggedProcess {
  constructor(args: string[], env: Record<string, string>, options: PartOptions) {
    const { launcher = [], onLine } = options;
    const deno = [Deno.execPath(), "run", "--no-prompt", "--quiet", `--v8-flags=${V8_FLAGS}`];
    super([...launcher, ...deno, ...args], { env, ...(onLine && { onLine }) });
  }

  /**
   * Resolves with the first line that matches.
   *
   * @throws {Error} with the last lines when the process ends before, or takes too long; it has ended then.
   */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    try {
      return await this.log.first(
        (line) => pattern.exec(line),
        `a line ${pattern}`,
        READY_TIMEOUT_MS,
      );
    } catch (error) {
      await this.stop();
      throw error;
    }
  }
}

/** A relay of the demo. */
export interface DemoRelay extends DemoPart {
  ports: { hub: number; control: number };
  /** The local authority's root, PEM. */
  caFile: string;
}

/** Starts `glossond dev` with its state and bios in `dir`, and waits until it is ready. */
export async function glossond(
  dir: string,
  options: PartOptions & { settings?: Record<string, string> } = {},
): Promise<DemoRelay> {
  await Deno.mkdir(`${dir}/bios`, { recursive: true });
  await Deno.copyFile(`${ROOT}get_bio.example.py`, `${dir}/get_bio.py`);
  const env = {
    ...Object.fromEntries([EVENT_INTERVAL.split("=")]),
    GLOSSOND_STATE_DIR: `${dir}/relay`,
    GLOSSOND_GET_BIO_SCRIPT: `${dir}/get_bio.py`,
    ...options.settings,
  };
  const args = [...PERMISSIONS.glossond, `${options.root ?? ROOT}main.ts`, "dev"];
  const part = new DemoPart(args, env, options);
  const ready = await part.line(/ ready .* hub=[^ ]*:(\d+) .* control=[^ ]*:(\d+) /);
  return Object.assign(part, {
    ports: { hub: Number(ready[1]), control: Number(ready[2]) },
    caFile: `${dir}/relay/local-ca.pem`,
  });
}

/** Sets the client up where that was not done yet, starts it, and waits until it is online. */
export async function glosson(
  dir: string,
  relay: { ports: { control?: number }; caFile: string },
  options: ClientOptions = {},
): Promise<DemoPart> {
  const client = [...PERMISSIONS.glosson, `${options.root ?? ROOT}examples/client/main.ts`];
  const name = options.name ?? "kaylee";
  const setup = new DemoPart(
    [
      ...client,
      "setup",
      name,
      ...["--relay", `https://${options.relayHost ?? "localhost"}:${relay.ports.control}`],
      ...["--ca", relay.caFile],
      ...["--bio-file", `${dir}/bios/${name}.txt`],
      ...["--state", stateOf(dir, options)],
      "--force",
    ],
    {},
    options,
  );
  const { success } = await setup.ended;
  if (!success) throw new Error(`Cannot set up the client:\n${setup.log.last}`);
  return await runClient(dir, options);
}

/** Starts the client that was set up in `dir`, and waits until it is online. */
export async function runClient(dir: string, options: ClientOptions = {}): Promise<DemoPart> {
  const client = [...PERMISSIONS.glosson, `${options.root ?? ROOT}examples/client/main.ts`];
  const run = ["run", "--state", stateOf(dir, options), ...options.args ?? []];
  const part = new DemoPart([...client, ...run], {}, options);
  await part.line(/[Oo]nline/);
  return part;
}
