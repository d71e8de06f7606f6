import type { LimitsView, UserDesk } from "../admin/users.ts";
import { bytes, integer } from "../config/values.ts";
import { type CommandContext, EXIT } from "./command.ts";
import { usageError } from "./command_line.ts";
import { actsText } from "./acts_text.ts";
import { localTime } from "./table.ts";
import { traceOf } from "./trace.ts";
import { limitsText, USER_TONES, userTable, userText } from "./users_text.ts";

/** One call of `glossond users`. */
export interface Job {
  /** A username; empty where the word takes none. */
  name: string;
  context: CommandContext;
  /** Said behind what was done, when the relay does not run. */
  aside: string;
}

/** A word behind `glossond users`. */
export interface Word {
  /** Whether it takes a NAME. */
  named: "always" | "maybe" | "never";
  /** Whether it changes what the relay has to know. */
  changes: boolean;
  /** Options besides `--dev`. */
  options: readonly string[];
  run: (desk: UserDesk, job: Job) => Promise<number>;
}

/** What is done to users, by the word that asks for it. */
export const WORDS: Record<string, Word> = {
  list: { named: "never", changes: false, options: ["json"], run: list },
  show: { named: "always", changes: false, options: ["json"], run: show },
  block: { named: "always", changes: true, options: ["reason"], run: block },
  unblock: { named: "always", changes: true, options: ["reason"], run: unblock },
  release: { named: "always", changes: true, options: ["reason", "now", "yes"], run: release },
  limit: {
    named: "always",
    changes: true,
    options: ["reason", "connections", "bytes-per-day"],
    run: limit,
  },
  log: { named: "maybe", changes: false, options: ["json"], run: log },
};

async function list(desk: UserDesk, { context }: Job): Promise<number> {
  const all = await desk.list();
  context.print(isJson(context) ? json(all) : userTable(all), USER_TONES);
  return EXIT.ok;
}

async function show(desk: UserDesk, { name, context }: Job): Promise<number> {
  const user = await desk.show(name, { dns: true });
  if (user === undefined) return unknown(name, context);
  context.print(isJson(context) ? json(user) : userText(user), USER_TONES);
  return EXIT.ok;
}

async function block(desk: UserDesk, { name, context, aside }: Job): Promise<number> {
  await desk.block(name, traceOf(context));
  // It may be blocked before anybody claims it, but a slip of the pen would block somebody else's.
  const note = await accountNote(desk, name);
  context.print(`${name} is blocked: its visitors get the suspended page${note}${aside}\n`);
  return EXIT.ok;
}

async function unblock(desk: UserDesk, { name, context, aside }: Job): Promise<number> {
  const changed = await desk.unblock(name, traceOf(context));
  const note = await accountNote(desk, name);
  context.print(
    changed ? `${name} is unblocked${note}${aside}\n` : `${name} was not blocked${note}\n`,
  );
  return EXIT.ok;
}

async function release(desk: UserDesk, { name, context, aside }: Job): Promise<number> {
  const user = await desk.show(name);
  const { confirm, options, printError } = context;
  const now = options.now === true;
  if (user?.createdAt == null) {
    if (user?.restsUntil == null) return unknown(name, context);
    return await endRest(desk, name, user.restsUntil, { context, aside });
  }
  if (options.yes !== true) {
    if (confirm === undefined) {
      throw usageError(`nobody can be asked here; users release ${name} --yes does it`, "users");
    }
    if (!confirm(`Release ${name}? Its token is void at once, and its page is gone.`)) {
      printError("glossond: nothing was changed\n");
      return EXIT.failed;
    }
  }
  if (!await desk.release(name, traceOf(context), { now })) return unknown(name, context);
  const restsUntil = (await desk.show(name))?.restsUntil ?? null;
  const then = restsUntil === null ? "is free" : `rests until ${localTime(restsUntil)}`;
  context.print(`${name} is released: its token is void, and the name ${then}${aside}\n`);
  return EXIT.ok;
}

async function endRest(
  desk: UserDesk,
  name: string,
  until: string,
  { context, aside }: Pick<Job, "context" | "aside">,
): Promise<number> {
  if (context.options.now !== true) {
    context.printError(
      `glossond: ${name} is released already, and rests until ${
        localTime(until)
      }; users release ${name} --now ends that\n`,
    );
    return EXIT.failed;
  }
  await desk.endRest(name, traceOf(context));
  context.print(`${name} rests no more: the name is free${aside}\n`);
  return EXIT.ok;
}

async function limit(desk: UserDesk, { name, context, aside }: Job): Promise<number> {
  const { connections, "bytes-per-day": bytesPerDay } = context.options;
  const changes: Partial<LimitsView> = {};
  try {
    if (connections !== undefined) changes.connections = limitIn(connections, CONNECTIONS);
    if (bytesPerDay !== undefined) changes.bytesPerDay = limitIn(bytesPerDay, bytesOrNone);
  } catch (error) {
    throw usageError(`the limit ${(error as Error).message}, or default`, "users");
  }
  if (Object.keys(changes).length === 0) {
    throw usageError("users limit takes --connections N, --bytes-per-day SIZE or both", "users");
  }
  const limits = await desk.limit(name, changes, traceOf(context));
  if (limits === undefined) return unknown(name, context);
  context.print(`${name} has at most ${limitsText(limits)}${aside}\n`);
  return EXIT.ok;
}

/** A limit as it is given; null for what the settings have. */
function limitIn(text: string | boolean, parse: (text: string) => number): number | null {
  return text === "default" ? null : parse(String(text));
}

const CONNECTIONS = integer(1, 1_000_000);

function bytesOrNone(text: string): number {
  return text === "none" ? 0 : bytes(text);
}

async function log(desk: UserDesk, { name, context }: Job): Promise<number> {
  const acts = await desk.acts(name === "" ? undefined : name);
  if (isJson(context)) context.print(json(acts));
  else if (acts.length > 0) context.print(actsText(acts));
  else {
    const note = name === "" ? "" : ` to ${name}${await accountNote(desk, name)}`;
    context.print(`Nothing was done${note}\n`);
  }
  return EXIT.ok;
}

/** Said of a name that is nobody's. */
async function accountNote(desk: UserDesk, name: string): Promise<string> {
  return await hasAccount(desk, name) ? "" : "; there is no such account";
}

async function hasAccount(desk: UserDesk, name: string): Promise<boolean> {
  const user = await desk.show(name);
  return user !== undefined && user.createdAt !== null;
}

function unknown(name: string, { printError }: CommandContext): number {
  printError(`glossond: there is no account ${name}; glossond users lists them\n`);
  return EXIT.failed;
}

function isJson({ options }: CommandContext): boolean {
  return options.json === true;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
