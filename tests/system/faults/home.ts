import { cp } from "node:fs/promises";
import { LoggedProcess } from "../../../scripts/logged_process.ts";
import { bareEnvironment } from "../../stories/environment.ts";
import { CLIENTS, type Glosson, setUpGlosson } from "../../stories/glosson.ts";
import type { Relay } from "../../stories/relay.ts";
import { PacedClock } from "./clock.ts";
import { BASE, RELAY_HOST, Way } from "./way.ts";

/** Which client. */
export type Program = keyof typeof CLIENTS;

/** What {@linkcode Home.run} runs. */
export interface ClientOptions {
  /** @default {"reference"} */
  program?: Program;
  /** Whether {@linkcode Client.pace} is to work. */
  paced?: boolean;
  /** Another state folder than the home's own. */
  stateDir?: string;
  /** Further arguments of `glosson run`. */
  args?: readonly string[];
}

/** A client that runs. */
export interface Client {
  /** Resolves with its exit code once it has ended. */
  readonly ended: Promise<number>;
  /** Resolves with the first line, past or to come, that matches; that may take two minutes. */
  said(pattern: RegExp): Promise<string>;
  /** How many of its lines match. */
  count(pattern: RegExp): number;
  /** What its clock showed when it said its last line, milliseconds since the epoch. */
  readonly lastAt: number;
  /** Has its time pass so many times as fast: its clock, timers and limits. */
  pace(rate: number): void;
  signal(signal: Deno.Signal): void;
}

/** What a client says when it is online. */
export const ONLINE = /Online/;

/** What it says when it is not any more. */
export const AWAY = /Not online|coming back/;

/** How long a line may take: a client finds out within a minute or so that its relay is gone. */
const SAID_MS = 120_000;

function setUp(relay: Relay, username: string, { launcher }: Way): Promise<Glosson> {
  return setUpGlosson(relay, username, {
    launcher,
    url: `https://${RELAY_HOST}:${relay.ports.hub}`,
  });
}

/** A user's home: an account at the relay, a computer, and its own way to the relay. */
export class Home implements AsyncDisposable {
  readonly username: string;
  readonly way: Way;
  readonly stateDir: string;
  readonly #stack: AsyncDisposableStack;

  private constructor(username: string, way: Way, glosson: Glosson, stack: AsyncDisposableStack) {
    this.username = username;
    this.way = way;
    this.stateDir = glosson.stateDir;
    this.#stack = stack;
  }

  /** Lays the way and sets the user up by `glosson setup`. */
  static async found(relay: Relay, username: string): Promise<Home> {
    const { hub, data } = relay.ports as { hub: number; data: number };
    await using stack = new AsyncDisposableStack();
    const way = stack.use(await Way.open([hub, data]));
    const glosson = stack.use(await setUp(relay, username, way));
    return new Home(username, way, glosson, stack.move());
  }

  /** Sets the user up again, as from another computer; the token of before is void. */
  async setUpAgain(relay: Relay): Promise<void> {
    this.#stack.use(await setUp(relay, this.username, this.way));
  }

  /** A second computer's copy of the state folder. */
  async copyState(): Promise<string> {
    const copy = `${this.stateDir}-copy`;
    // What a running client writes aside is gone a moment later.
    await cp(this.stateDir, copy, { recursive: true, filter: (path) => !path.endsWith(".new") });
    return copy;
  }

  /** A folder with a page of so many characters, to be given as `--dir`. */
  async site(length: number): Promise<{ dir: string; page: string }> {
    const dir = `${this.stateDir}-site`;
    const page = "0123456789abcde\n".repeat(length / 16);
    await Deno.mkdir(dir);
    await Deno.writeTextFile(`${dir}/index.html`, page);
    return { dir, page };
  }

  get hostname(): string {
    return `${this.username}.${BASE}`;
  }

  /** Starts `glosson run`; it ends with the home. */
  run(options: ClientOptions = {}): Client {
    const { program = "reference", paced = false, args = [] } = options;
    const { stateDir = this.stateDir } = options;
    const { command, env } = CLIENTS[program];
    const clock = paced ? new PacedClock(`${stateDir}-clock`) : undefined;
    const process = new LoggedProcess([
      ...[...this.way.launcher, ...clock?.launcher ?? []],
      ...[...command, "run", "--state", stateDir, ...args],
    ], {
      clearEnv: true,
      env: { ...bareEnvironment(stateDir), NO_COLOR: "1", ...env },
    });
    this.#stack.defer(async () => void await process.stop("SIGKILL"));
    return {
      ended: process.ended.then(({ code }) => code),
      said: (pattern) => process.said(pattern, SAID_MS),
      count: (pattern) => process.lines.filter((line) => pattern.test(line)).length,
      get lastAt() {
        return Date.parse(process.lines.at(-1)!.split(" ")[0]!);
      },
      pace: (rate) => clock!.set(rate),
      signal: (signal) => process.signal(signal),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
