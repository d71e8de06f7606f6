import { existsSync } from "node:fs";
import { seedAccounts } from "../../tests/store/helpers.ts";
import { type Relay, startRelay } from "../../tests/stories/relay.ts";
import { PostgresServer } from "../../tests/system/postgres/server.ts";
import { seedPostgres } from "../../tests/system/postgres/stores.ts";
import { EVENT_INTERVAL, V8_FLAGS } from "../compile/programs.ts";
import type { Membership } from "./load/glosson.ts";
import type { Target } from "./peers.ts";
import { processTree, usageOf } from "./usage.ts";

/** The daemon under test and its users. */
export interface Glossond extends AsyncDisposable {
  readonly relay: Relay;
  /** What the user of this number goes online with. */
  membership(user: number, pool: number): Membership;
  /** The daemon as visitors see it. */
  target(name: string): Target;
}

/** A launcher of the daemon with the runtime's settings that it is served with. */
export const AS_SERVED: string[] = ["env", `DENO_V8_FLAGS=${V8_FLAGS}`, EVENT_INTERVAL];

/** Name of the user of a number. */
export function usernameOf(user: number): string {
  return `user${user}`;
}

/** Starts the daemon with accounts already in its database: claiming them would take minutes. */
export async function startGlossond(
  options: {
    users: number;
    settings?: Record<string, string>;
    namespace?: string;
    /** A program and its arguments that start the daemon. @default {AS_SERVED} */
    launcher?: string[];
    /** A module to load before the relay. */
    preload?: string;
  },
): Promise<Glossond> {
  const dir = await Deno.makeTempDir({ prefix: "glossond-bench-" });
  await Deno.mkdir(`${dir}/state`, { recursive: true, mode: 0o700 });
  const usernames = Array.from({ length: options.users }, (_, i) => usernameOf(i));
  const tokens = seedAccounts(`${dir}/state`, usernames);
  const { namespace, preload } = options;
  const launcher = [
    ...namespace === undefined ? [] : ["ip", "netns", "exec", namespace],
    ...options.launcher ?? AS_SERVED,
  ];
  const relay = await startRelay({
    dir,
    launcher,
    ...(preload !== undefined && { preload }),
    settings: { LOG_LEVEL: "info", ...options.settings },
  });
  return glossondOf(relay, tokens);
}

/** Where Debian has PostgreSQL. */
const POSTGRES = "/usr/lib/postgresql";

/** What several processes of the daemon are called in results. */
export const TWO_PROCESSES = "glossond, 2 processes";

/** Starts the daemon as two processes, on a PostgreSQL of their own; undefined where that is not installed. */
export async function startTwoProcesses(
  { users, settings }: { users: number; settings?: Record<string, string> },
): Promise<Glossond | undefined> {
  if (!existsSync(POSTGRES)) return undefined;
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await PostgresServer.start());
  const DATABASE_URL = await database.createDatabase();
  const relay = stack.use(
    await startRelay({
      launcher: AS_SERVED,
      settings: { LOG_LEVEL: "info", PROCESSES: "2", DATABASE_URL, ...settings },
    }),
  );
  await relay.logged("ready", { processes: 2 });
  const usernames = Array.from({ length: users }, (_, i) => usernameOf(i));
  const tokens = await seedPostgres(DATABASE_URL, usernames);
  const started = stack.move();
  return { ...glossondOf(relay, tokens), [Symbol.asyncDispose]: () => started.disposeAsync() };
}

function glossondOf(relay: Relay, tokens: readonly string[]): Glossond {
  return {
    relay,
    membership: (user, pool) => ({
      username: usernameOf(user),
      token: tokens[user]!,
      controlPort: relay.ports.control!,
      dataPort: relay.ports.data!,
      ca: relay.ca,
      pool,
    }),
    target: (name) => ({
      name,
      port: relay.ports.hub!,
      usage: () => usageOf(processTree(relay.pid)),
      async [Symbol.asyncDispose]() {},
    }),
    [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose](),
  };
}
