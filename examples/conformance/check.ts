import { sleep } from "../../lib/net/pause.ts";
import type { App } from "./app.ts";
import type { ClientCommand, Running } from "./command.ts";
import type { CheckingRelay } from "./relay.ts";

/** A client does not do what the protocol asks; the message says what it did. */
export class Failed extends Error {
  override readonly name = "Failed";
}

/** What a check has at hand. */
export interface Bench {
  relay: CheckingRelay;
  app: App;
  client: ClientCommand;
  /** How `setup` ended. */
  setup: { code: number; said: string };
  /** The client that runs. */
  running?: Running;
}

/** One item of the list. */
export interface Check {
  name: string;
  /** Section of PROTOCOL. */
  section: number;
  /** What a client does that passes. */
  what: string;
  /** Whether PROTOCOL leaves it to the client: one that does not offer it passes all the same. */
  optional?: true;
  /** What has to be there: nothing but a set-up, a client that runs, or a newly started one. */
  needs: "setup" | "running" | "start";
  /** Throws when the client does not pass. */
  run(bench: Bench): Promise<void> | void;
}

/** @throws {Failed} unless `condition` holds. */
export function expect(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Failed(what);
}

/** Lets time pass in which something must not happen. */
export function watch(ms: number): Promise<void> {
  return sleep(ms);
}

/**
 * Waits until nothing has been counted for `ms` milliseconds, or more than `most` was: who does
 * something over and over does it more slowly on a slow machine, but goes on.
 */
export async function stillness(
  count: () => number,
  ms: () => number,
  most = Infinity,
): Promise<void> {
  for (let before = -1; before < count() && count() <= most;) {
    before = count();
    await watch(ms());
  }
}

/** Ends a wait that has no limit of its own. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Failed(`${what}: not within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
